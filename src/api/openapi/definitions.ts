// Builds OpenAPI definitions of types from the type table: one builder, two dialects (v2 and v3).
import type { OpenAPIV2, OpenAPIV3 } from 'openapi-types';
import type { FieldSchema, ScalarKind, TypeRef, TypeTable } from '../../registry/schema/types.ts';

/** Swagger 2.0 and OpenAPI 3.0 differ in where definitions stand and in what may join a `$ref`. */
export type Dialect = 'v2' | 'v3';

/** A definition with Kubernetes' extensions. */
export type Definition = (OpenAPIV2.SchemaObject | OpenAPIV3.SchemaObject) &
  Record<string, unknown>;

/** Per definition its description and those of its fields. */
export type Descriptions = Readonly<
  Record<string, readonly [string, Readonly<Record<string, string>>]>
>;

type Schema = Record<string, unknown>;

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const apiextensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
export const quantityType = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
export const intOrStringType = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';

/** Scalars that are definitions of their own. */
const namedScalars: Partial<Readonly<Record<ScalarKind, string>>> = {
  quantity: quantityType,
  intOrString: intOrStringType,
  time: `${meta}.Time`,
  microTime: `${meta}.MicroTime`,
  duration: `${meta}.Duration`,
};

const scalarSchemas: Partial<Readonly<Record<ScalarKind, Schema>>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  float64: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
};

const scalarDefaults: Partial<Readonly<Record<ScalarKind, unknown>>> = {
  string: '',
  bool: false,
  int32: 0,
  int64: 0,
  float64: 0,
};

/** What `/version` answers with: no API type, so the type table has it not. */
function versionInfo(): Schema {
  const version = (words: string) => (part: string) => ({
    type: 'string',
    description: `${part} of ${words}`,
  });
  const binary = version('the binary version');
  const emulation = version('the emulation version');
  const least = version('the minimum compatibility version');
  const required = [
    ...['major', 'minor', 'gitVersion', 'gitCommit', 'gitTreeState', 'buildDate', 'goVersion'],
    ...['compiler', 'platform'],
  ];
  const properties = {
    ...Object.fromEntries(required.map((name) => [name, { type: 'string' }])),
    major: binary('Major is the major version'),
    minor: binary('Minor is the minor version'),
    emulationMajor: emulation('EmulationMajor is the major version'),
    emulationMinor: emulation('EmulationMinor is the minor version'),
    minCompatibilityMajor: least('MinCompatibilityMajor is the major version'),
    minCompatibilityMinor: least('MinCompatibilityMinor is the minor version'),
  };
  return {
    description:
      "Info contains versioning information. how we'll want to distribute that information.",
    type: 'object',
    properties: Object.fromEntries(Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1))),
    required,
  };
}

/** Definitions that are no structs, by name. */
function specialDefinition(name: string, dialect: Dialect): Schema | undefined {
  switch (name) {
    case quantityType: {
      const description =
        'Quantity is a fixed-point number such as 500m, 1.5 or 2Gi: a signed number with an ' +
        'optional decimal (n, u, m, k, M, G, T, P, E), binary (Ki to Ei) or exponent suffix.';
      if (dialect === 'v2') return { description, type: 'string' };
      return { description, oneOf: [{ type: 'string' }, { type: 'number' }] };
    }
    case intOrStringType: {
      const description = 'IntOrString holds an int32 or a string.';
      const format = 'int-or-string';
      if (dialect === 'v2') return { description, type: 'string', format };
      return { description, format, oneOf: [{ type: 'integer' }, { type: 'string' }] };
    }
    case `${meta}.Time`:
      return { description: 'Time is an RFC 3339 time.', type: 'string', format: 'date-time' };
    case `${meta}.MicroTime`: {
      const description = 'MicroTime is an RFC 3339 time with microseconds.';
      return { description, type: 'string', format: 'date-time' };
    }
    case `${meta}.Duration`:
      return { description: 'Duration is a length of time such as 1h30m.', type: 'string' };
    case `${meta}.FieldsV1`:
      return { description: 'FieldsV1 is a set of field paths in JSON.', type: 'object' };
    case `${meta}.Patch`:
      return { description: 'Patch is the body of a PATCH request.', type: 'object' };
    case 'io.k8s.apimachinery.pkg.runtime.RawExtension':
      return { description: 'RawExtension holds an object of any kind.', type: 'object' };
    case 'io.k8s.apimachinery.pkg.version.Info':
      return versionInfo();
    case `${apiextensions}.JSON`:
      return { description: 'JSON is any valid JSON value.' };
    case `${apiextensions}.JSONSchemaPropsOrArray`:
    case `${apiextensions}.JSONSchemaPropsOrBool`:
    case `${apiextensions}.JSONSchemaPropsOrStringArray`:
      return { description: `${name.slice(name.lastIndexOf('.') + 1)} is one or the other.` };
    default:
      return undefined;
  }
}

/** Builds definitions and collects those that they refer to. */
export class DefinitionSet {
  readonly #table: TypeTable;
  readonly #descriptions: Descriptions;
  readonly #dialect: Dialect;
  readonly #definitions = new Map<string, Definition>();
  readonly #wanted: string[] = [];

  constructor(table: TypeTable, descriptions: Descriptions, dialect: Dialect) {
    this.#table = table;
    this.#descriptions = descriptions;
    this.#dialect = dialect;
  }

  /** A reference to a definition, which then is part of the set. */
  reference(name: string): { $ref: string } {
    this.#wanted.push(name);
    const base = this.#dialect === 'v2' ? '#/definitions/' : '#/components/schemas/';
    return { $ref: base + name };
  }

  /** Every definition that was referred to, transitively, by name. */
  finish(): Record<string, Definition> {
    for (let name = this.#wanted.pop(); name !== undefined; name = this.#wanted.pop()) {
      if (!this.#definitions.has(name)) this.#definitions.set(name, this.#define(name));
    }
    const byName = [...this.#definitions].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(byName);
  }

  #define(name: string): Definition {
    const special = specialDefinition(name, this.#dialect);
    if (special !== undefined) return special;
    const type = this.#table(name);
    const [description, fields] = this.#descriptions[name] ?? ['', {}];
    const properties = type.fields.map((field): [string, Schema] => [
      field.name,
      this.#property(field, fields[field.name] ?? ''),
    ]);
    properties.sort(([a], [b]) => (a < b ? -1 : 1));
    const required = type.fields.filter((field) => field.required).map((field) => field.name);
    const kind = name.slice(name.lastIndexOf('.') + 1);
    const kinds = type.groupVersions?.map((groupVersion) => {
      const [version = '', group = ''] = groupVersion.split('/').reverse();
      return { group, kind, version };
    });
    return {
      ...(description === '' ? {} : { description }),
      type: 'object',
      ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
      ...(required.length === 0 ? {} : { required }),
      ...(kinds === undefined ? {} : { 'x-kubernetes-group-version-kind': kinds }),
      ...(type.atomic === true ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      ...(type.unions === undefined
        ? {}
        : { 'x-kubernetes-unions': JSON.parse(type.unions) as unknown }),
    };
  }

  #property(field: FieldSchema, description: string): Schema {
    const always = field.pointer !== true && field.omit === undefined;
    const struct = field.type.kind === 'object' && field.pointer !== true;
    return {
      ...(description === '' ? {} : { description }),
      ...this.#type(field.type, always, struct, description !== ''),
      ...extensions(field),
    };
  }

  /** What a value may be; `zero` says that v3 states the zero value as the default. */
  #type(type: TypeRef, zero: boolean, struct: boolean, described: boolean): Schema {
    switch (type.kind) {
      case 'object':
        return this.#referred(type.type, struct, described);
      case 'list':
        return { type: 'array', items: this.#type(type.item, true, true, false) };
      case 'map': {
        const additionalProperties = this.#type(type.value, true, true, false);
        return { type: 'object', additionalProperties };
      }
      default: {
        const named = type.kind === 'raw' ? type.ref : namedScalars[type.kind];
        if (named !== undefined) return this.#referred(named, false, described);
        const fallback = scalarDefaults[type.kind];
        const schema = scalarSchemas[type.kind] ?? { type: 'object' };
        const defaulted = this.#dialect === 'v3' && zero && fallback !== undefined;
        return defaulted ? { ...schema, default: fallback } : { ...schema };
      }
    }
  }

  /** In v3 nothing may stand beside a `$ref`, so it is wrapped where something does. */
  #referred(name: string, struct: boolean, described: boolean): Schema {
    const reference = this.reference(name);
    if (this.#dialect === 'v2' || !(struct || described)) return reference;
    return struct ? { allOf: [reference], default: {} } : { allOf: [reference] };
  }
}

function extensions(field: FieldSchema): Schema {
  const { type } = field;
  const list = type.kind === 'list' ? type.list : undefined;
  const listType = list?.type ?? field.listType;
  const strategy = list?.patchStrategy ?? field.patchStrategy;
  const atomic = type.kind === 'map' ? (type.atomic ?? field.atomic) : field.atomic;
  return {
    ...(list?.keys === undefined ? {} : { 'x-kubernetes-list-map-keys': list.keys }),
    ...(listType === undefined ? {} : { 'x-kubernetes-list-type': listType }),
    ...(atomic === undefined ? {} : { 'x-kubernetes-map-type': atomic ? 'atomic' : 'granular' }),
    ...(list?.patchMergeKey === undefined
      ? {}
      : { 'x-kubernetes-patch-merge-key': list.patchMergeKey }),
    ...(strategy === undefined ? {} : { 'x-kubernetes-patch-strategy': strategy.join(',') }),
  };
}
