// One object as several group-versions show it, for owners that spoke another one.
import { copyJson } from '../engine/json.ts';
import type { ServedResource } from '../engine/types.ts';
import type { ApiObject, ResourceVersion } from '../resource.ts';
import { type Comparison, compare, excluding } from './compare.ts';
import { type FieldSet, setOf } from './field-set.ts';
import type { Shapes, StructShape } from './shape.ts';

/** A group-version as owners name it, and how its objects look. */
export interface VersionView {
  readonly apiVersion: string;
  readonly version: ResourceVersion<ApiObject>;
  readonly shape: StructShape;
}

/** The version a request speaks. */
export function servedView(shapes: Shapes, served: ServedResource): VersionView {
  return viewOf(shapes, served.group, served.version);
}

function viewOf(shapes: Shapes, group: string, version: ResourceVersion<ApiObject>): VersionView {
  const apiVersion = group === '' ? version.version : `${group}/${version.version}`;
  return { apiVersion, version, shape: shapes(version.schema) };
}

/** Another version of the resource; undefined when it is not served any more. */
export function viewNamed(
  shapes: Shapes,
  served: ServedResource,
  apiVersion: string,
): VersionView | undefined {
  for (const { group, versions } of served.resource.groups) {
    for (const version of versions) {
      const view = viewOf(shapes, group, version);
      if (view.apiVersion === apiVersion) return view;
    }
  }
  return undefined;
}

/** The object in another version; the same one where the two look alike. */
export function convert(object: ApiObject, from: VersionView, to: VersionView): ApiObject {
  if (from.apiVersion === to.apiVersion) return object;
  const stored = from.version.toStorage?.(copyJson(object)) ?? object;
  const shown = to.version.fromStorage?.(copyJson(stored)) ?? stored;
  return { ...shown, apiVersion: to.apiVersion };
}

/** Compares two objects in each version that is asked for, once. */
export class VersionedComparison {
  readonly #request: VersionView;
  readonly #before: ApiObject;
  readonly #after: ApiObject;
  readonly #ignored: FieldSet;
  readonly #known = new Map<string, Comparison>();

  /** @param ignored paths that the request's door does not own, in the request's version */
  constructor(request: VersionView, before: ApiObject, after: ApiObject, ignored: FieldSet) {
    this.#request = request;
    this.#before = before;
    this.#after = after;
    this.#ignored = ignored;
  }

  in(view: VersionView): Comparison {
    const known = this.#known.get(view.apiVersion);
    if (known !== undefined) return known;
    const before = convert(this.#before, this.#request, view);
    const after = convert(this.#after, this.#request, view);
    const found = excluding(compare(view.shape, before, after), this.#ignored);
    this.#known.set(view.apiVersion, found);
    return found;
  }
}

/** Field paths of a door (`['metadata','labels']`) as a set. */
export function ignoredSet(paths: readonly (readonly string[])[]): FieldSet {
  return setOf(paths.map((path) => path.map((name) => `f:${name}`)));
}
