// Patches of all types: operations that point nowhere, directives anywhere, ownership made up.
import { stringify } from 'yaml';
import { type Body, spoil } from './bodies.ts';
import type { Dice } from './dice.ts';
import { generate } from './generate.ts';
import {
  copyOf,
  isObject,
  type Json,
  type JsonObject,
  places,
  pointer,
  setKey,
  toText,
} from './json.ts';
import { mutate } from './mutate.ts';
import { oddText, oddValue } from './odd-values.ts';
import type { Shape } from './schema.ts';

/** What a patch is made for: an object as it may be stored, and its type. */
export interface PatchSubject {
  readonly object: JsonObject;
  readonly shape: Shape | undefined;
}

export const applyType = 'application/apply-patch+yaml';

const oddPointers = [
  '',
  '/',
  '//',
  '/-',
  '/~',
  '/~2',
  '/~01',
  'metadata',
  '/metadata/name/x',
  '/metadata/labels/-',
  '/metadata/uid',
  '/metadata/managedFields',
  '/metadata/managedFields/0',
  '/metadata/resourceVersion',
  '/metadata/finalizers/-',
  '/kind',
  '/apiVersion',
  '/__proto__/x',
  '/constructor/prototype/x',
  '/spec/containers/999999999999',
  '/spec/containers/-1',
  '/spec/containers/01',
  '/spec/containers/1e1',
  '/spec/ünïcödé',
] as const;

const directives: readonly (readonly [key: string, value: Json])[] = [
  ['$patch', 'delete'],
  ['$patch', 'replace'],
  ['$patch', 'merge'],
  ['$patch', 'remove'],
  ['$patch', 1],
  ['$patch', null],
  ['$retainKeys', ['name']],
  ['$retainKeys', 'name'],
  ['$retainKeys', [1]],
  ['$setElementOrder/containers', [{ name: 'c' }]],
  ['$setElementOrder/containers', [{ name: 'nobody' }]],
  ['$setElementOrder/containers', [{}]],
  ['$setElementOrder/containers', 'c'],
  ['$setElementOrder/finalizers', ['a']],
  ['$setElementOrder/nothing', []],
  ['$setElementOrder/', []],
  ['$deleteFromPrimitiveList/finalizers', ['a']],
  ['$deleteFromPrimitiveList/finalizers', [{ a: 1 }]],
  ['$deleteFromPrimitiveList/containers', ['c']],
  ['$deleteFromPrimitiveList/labels', null],
];

export function makePatch(dice: Dice, subject: PatchSubject): Body {
  return dice.weigh<() => Body>(
    [5, () => jsonPatch(dice, subject)],
    [5, () => mergePatch(dice, subject, 'application/merge-patch+json')],
    [6, () => strategicPatch(dice, subject)],
    [6, () => applyPatch(dice, subject)],
    [0.5, () => mergePatch(dice, subject, dice.pick(['application/json', '', 'text/plain', 'x']))],
    [0.3, () => mergePatch(dice, subject, 'application/apply-patch+cbor')],
  )();
}

function jsonPatch(dice: Dice, { object, shape }: PatchSubject): Body {
  const all = places(object).map(({ path }) => pointer(path));
  const point = () =>
    all.length > 0 && dice.chance(0.75) ? dice.pick(all) : dice.pick(oddPointers);
  const value = () =>
    dice.chance(0.3) && shape !== undefined ? generate(dice, shape, 0.1) : oddValue(dice);
  const operation = (): Json =>
    dice.weigh<() => Json>(
      [
        3,
        () => ({
          op: 'add',
          path: `${point()}${dice.pick(['', '', '/-', '/0', '/x'])}`,
          value: value(),
        }),
      ],
      [3, () => ({ op: 'replace', path: point(), value: value() })],
      [3, () => ({ op: 'remove', path: point() })],
      [2, () => ({ op: 'copy', from: point(), path: `${point()}${dice.pick(['', '/-'])}` })],
      [2, () => ({ op: 'move', from: point(), path: point() })],
      [1, () => ({ op: 'test', path: point(), value: value() })],
      [1, () => ({ op: oddText(dice), path: oddText(dice) })],
      [1, () => oddValue(dice)],
    )();
  const length = dice.weigh<number>([6, 1], [3, 3], [1, 10], [0.1, 10_001]);
  const patch: Json = dice.chance(0.03)
    ? copyBomb(dice)
    : Array.from({ length }, length > 1000 ? () => ({ op: 'test', path: '' }) : operation);
  const text = toText(dice.chance(0.03) ? oddValue(dice) : patch);
  return { contentType: 'application/json-patch+json', bytes: spoil(dice, text, 0.05) };
}

/** Each copy doubles what is there. */
function copyBomb(dice: Dice): Json {
  const start: Json = { op: 'add', path: '/metadata/annotations', value: { a: 'x'.repeat(1000) } };
  const copies = Array.from({ length: 8 + dice.below(40) }, (_, at) => ({
    op: 'copy',
    from: '/metadata/annotations',
    path: `/metadata/annotations/x${at}`,
  }));
  return [start, ...copies];
}

function mergePatch(dice: Dice, { object, shape }: PatchSubject, contentType: string): Body {
  const patch = thinned(dice, mutate(dice, object, shape));
  const text = toText(dice.chance(0.03) ? oddValue(dice) : patch);
  return { contentType, bytes: spoil(dice, text, 0.05) };
}

function strategicPatch(dice: Dice, { object, shape }: PatchSubject): Body {
  const patch = thinned(dice, dice.chance(0.6) ? mutate(dice, object, shape) : copyOf(object));
  for (let times = dice.below(4); times > 0; times--) {
    const inside = [
      patch,
      ...places(patch).map(({ holder, key }) => (holder as JsonObject)[key as string]),
    ];
    const holder = dice.pick(inside.filter((each) => isObject(each)));
    const [key, value] = dice.pick(directives);
    if (isObject(holder)) setKey(holder, key, copyOf(value));
  }
  const text = toText(dice.chance(0.03) ? oddValue(dice) : patch);
  return {
    contentType: 'application/strategic-merge-patch+json',
    bytes: spoil(dice, text, 0.05),
  };
}

function applyPatch(dice: Dice, { object, shape }: PatchSubject): Body {
  const patch = copyOf(object);
  const { metadata } = patch;
  if (isObject(metadata) && dice.chance(0.9)) {
    const mine: JsonObject = metadata;
    for (const own of ['uid', 'creationTimestamp', 'managedFields', 'resourceVersion']) {
      delete mine[own];
    }
  }
  const sent = dice.chance(0.6) ? mutate(dice, patch, shape) : patch;
  if (isObject(sent.metadata) && dice.chance(0.1))
    setKey(sent.metadata, 'managedFields', ownership(dice));
  const text = dice.chance(0.7) ? toText(sent) : stringify(sent);
  return { contentType: applyType, bytes: spoil(dice, text, 0.08) };
}

/** Entries for managedFields: some as the server writes them, some that nobody would. */
export function ownership(dice: Dice): Json {
  const fields: readonly Json[] = [
    { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } },
    { 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {} } } } },
    { 'k:{': {} },
    { 'v:"x"': {}, 'i:0': {}, 'i:-1': {}, 'i:x': {} },
    { x: 1 },
    { 'f:metadata': null },
    { 'f:__proto__': { 'f:x': {} } },
    [],
    null,
  ];
  return Array.from({ length: dice.below(4) }, () => ({
    manager: dice.pick(['', 'a', 'kubectl', 'x'.repeat(200), '\u0000']),
    operation: dice.pick(['Apply', 'Update', 'Delete', '']),
    apiVersion: dice.pick(['v1', 'apps/v1', 'none/v9', '', 'a/b/c']),
    time: dice.pick(['2026-01-01T00:00:00Z', 'x']),
    fieldsType: dice.pick(['FieldsV1', 'FieldsV1', 'FieldsV1', 'FieldsV2', '']),
    fieldsV1: dice.pick(fields),
    ...(dice.chance(0.2) ? { subresource: dice.pick(['status', 'x']) } : {}),
  }));
}

/** Leaves out branches, as patches do. */
function thinned(dice: Dice, object: JsonObject): JsonObject {
  for (const key of Object.keys(object)) {
    if (dice.chance(0.25)) delete object[key];
    else if (dice.chance(0.05)) setKey(object, key, null);
  }
  return object;
}
