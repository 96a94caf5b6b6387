// The types of the OpenAPI v3 documents, by the kinds that have them, with references followed.
import { isObject, type Json, type JsonObject } from './json.ts';

export interface Shape {
  /** The definition it comes from, where it has a name: `io.k8s.api.core.v1.Container`. */
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly values: readonly string[];
  readonly required: readonly string[];
  /** Property names, sorted. */
  readonly properties: readonly string[];
  property(name: string): Shape | undefined;
  items(): Shape | undefined;
  /** Of a map's values. */
  entries(): Shape | undefined;
}

export interface Schemas {
  shapeOf(apiVersion: string, kind: string): Shape | undefined;
}

const reference = '#/components/schemas/';

export function createSchemas(documents: readonly JsonObject[]): Schemas {
  const definitions = new Map<string, JsonObject>();
  const kinds = new Map<string, string>();
  for (const document of documents) {
    const components = child(child(document, 'components'), 'schemas');
    for (const [name, definition] of Object.entries(components)) {
      if (!isObject(definition)) continue;
      definitions.set(name, definition);
      for (const each of list(definition['x-kubernetes-group-version-kind'])) {
        if (!isObject(each)) continue;
        const { group, version, kind } = each;
        kinds.set(`${group === '' ? '' : `${group}/`}${version} ${kind}`, name);
      }
    }
  }
  return {
    shapeOf(apiVersion, kind) {
      const name = kinds.get(`${apiVersion} ${kind}`);
      return name === undefined ? undefined : shapeOf(definitions, { $ref: `${reference}${name}` });
    },
  };
}

function shapeOf(definitions: ReadonlyMap<string, JsonObject>, given: JsonObject): Shape {
  const { name, schema } = resolve(definitions, given);
  const properties = child(schema, 'properties');
  const shaped = (value: Json | undefined) =>
    isObject(value) ? shapeOf(definitions, value) : undefined;
  return {
    name,
    type: text(schema.type),
    format: text(schema.format),
    values: list(schema.enum).filter((value) => typeof value === 'string'),
    required: list(schema.required).filter((value) => typeof value === 'string'),
    properties: Object.keys(properties).sort(),
    property: (key) => (Object.hasOwn(properties, key) ? shaped(properties[key]) : undefined),
    items: () => shaped(schema.items),
    entries: () => shaped(schema.additionalProperties),
  };
}

function resolve(
  definitions: ReadonlyMap<string, JsonObject>,
  given: JsonObject,
): { readonly name: string; readonly schema: JsonObject } {
  const [whole] = list(given.allOf);
  const target = isObject(whole) ? whole.$ref : given.$ref;
  if (typeof target !== 'string') return { name: '', schema: given };
  const name = target.slice(reference.length);
  return { name, schema: definitions.get(name) ?? {} };
}

function child(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isObject(value) ? value : {};
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
