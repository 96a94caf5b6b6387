// Objects to send: a kind's small valid one, one made from its schema, or the current one, spoilt.
import type { Catalog, Subresource, Target } from './catalog.ts';
import type { Dice } from './dice.ts';
import { generate } from './generate.ts';
import { copyOf, isObject, type JsonObject } from './json.ts';
import { mutate } from './mutate.ts';
import type { Shape } from './schema.ts';
import { seedOf } from './seeds.ts';
import { metadataOf, type Territory } from './territory.ts';

export interface ObjectPlace {
  readonly target: Target;
  readonly subresource?: Subresource;
  readonly name: string;
  readonly namespace?: string;
}

/** What subresources take that is of another kind than what they belong to. */
const subresourceSeeds: Readonly<Record<string, JsonObject>> = {
  Scale: { spec: { replicas: 0 } },
  Eviction: { deleteOptions: { gracePeriodSeconds: 0 } },
  Binding: { target: { kind: 'Node', name: 'fuzz-node' } },
  TokenRequest: { spec: { audiences: ['fuzz'], expirationSeconds: 600 } },
};

export interface ObjectSource {
  /** @param current the stored object, where one was fetched to build on */
  make(dice: Dice, place: ObjectPlace, current?: JsonObject): JsonObject;
  /** The small valid object itself, for those who only want an object to be there. */
  plain(place: ObjectPlace): JsonObject;
  shape(place: ObjectPlace): Shape | undefined;
}

export function createObjectSource({ schemas }: Catalog, territory: Territory): ObjectSource {
  const kindOf = ({ target, subresource }: ObjectPlace) => subresource ?? target;
  const shape = (place: ObjectPlace) => {
    const { apiVersion, kind } = kindOf(place);
    return schemas.shapeOf(apiVersion, kind);
  };
  const head = (place: ObjectPlace): JsonObject => {
    const { apiVersion, kind } = kindOf(place);
    const { name, namespace, target } = place;
    const metadata = metadataOf(territory, name, target.namespaced ? namespace : undefined);
    return { apiVersion, kind, metadata };
  };
  const plain = (place: ObjectPlace) => {
    const { kind } = kindOf(place);
    const seed =
      kind === place.target.kind ? seedOf(place.target) : (subresourceSeeds[kind] ?? undefined);
    return { ...head(place), ...copyOf(seed ?? {}) };
  };
  const made = (dice: Dice, place: ObjectPlace, fill: number): JsonObject => {
    const type = shape(place);
    const value = type === undefined ? {} : generate(dice, type, fill);
    return { ...(isObject(value) ? value : {}), ...head(place) };
  };
  return {
    plain,
    shape,
    make(dice, place, current) {
      const whole =
        current !== undefined && dice.chance(0.7)
          ? copyOf(current)
          : dice.weigh<() => JsonObject>(
              [6, () => plain(place)],
              [1, () => made(dice, place, 0.1)],
              [1, () => made(dice, place, 0.5)],
              [0.5, () => made(dice, place, 0.95)],
            )();
      return dice.chance(0.2) ? whole : mutate(dice, whole, shape(place));
    },
  };
}
