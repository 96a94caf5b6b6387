// Loads the generated type table and parses each type of it when it is first looked up.
import { existsSync, readFileSync } from 'node:fs';
import type { FieldFacts } from './facts.ts';
import { parseType, resolveReference, splitTypes } from './facts.ts';
import type {
  FieldSchema,
  ListSemantics,
  ScalarKind,
  TypeRef,
  TypeSchema,
  TypeTable,
} from './types.ts';

const prefix = 'io.k8s.';
const scalars: ReadonlySet<string> = new Set<ScalarKind>([
  'string',
  'bool',
  'int32',
  'int64',
  'float64',
  'bytes',
  'quantity',
  'intOrString',
  'time',
  'microTime',
  'duration',
  'raw',
]);

/** A type table that also knows which types there are. */
export interface ListedTypeTable extends TypeTable {
  readonly names: readonly string[];
}

/** The definition that is registered as a kind of a group and version; undefined when none is. */
export function definitionOf(
  table: ListedTypeTable,
  kind: string,
  apiVersion: string,
): string | undefined {
  return table.names.find(
    (name) => name.endsWith(`.${kind}`) && table(name).groupVersions?.includes(apiVersion) === true,
  );
}

/**
 * Finds a generated file: in `generated/` of the nearest folder above this module, which is the
 * repository's root from source and `dist/` in a bundle.
 */
export function generatedFile(name: string): URL {
  let folder = new URL('./', import.meta.url);
  for (;;) {
    const file = new URL(`generated/${name}`, folder);
    if (existsSync(file)) return file;
    const parent = new URL('../', folder);
    if (parent.href === folder.href) {
      throw new Error(`cannot find generated/${name}: run \`npm run prepare\``);
    }
    folder = parent;
  }
}

function isScalar(text: string): text is ScalarKind {
  return scalars.has(text);
}

function listSemantics(options: FieldFacts['options']): ListSemantics | undefined {
  const { list, keys, patch, merge } = options;
  if (list === undefined && patch === undefined && merge === undefined) return undefined;
  return {
    ...(list === undefined ? {} : { type: list as NonNullable<ListSemantics['type']> }),
    ...(keys === undefined ? {} : { keys: keys.split(',') }),
    ...(patch === undefined
      ? {}
      : { patchStrategy: patch.split(',') as NonNullable<ListSemantics['patchStrategy']> }),
    ...(merge === undefined ? {} : { patchMergeKey: merge }),
  };
}

function parseRef(text: string, owner: string, options: FieldFacts['options']): TypeRef {
  const inner = options.ref === undefined ? {} : { ref: options.ref };
  if (text.startsWith('[]')) {
    const item = parseRef(text.slice(2), owner, inner);
    const list = listSemantics(options);
    return list === undefined ? { kind: 'list', item } : { kind: 'list', item, list };
  }
  if (text.startsWith('map<string,')) {
    const value = parseRef(text.slice(11, -1), owner, inner);
    return options.map === 'atomic' ? { kind: 'map', value, atomic: true } : { kind: 'map', value };
  }
  if (text === 'interface') return { kind: 'raw' };
  if (isScalar(text)) {
    return options.ref === undefined ? { kind: text } : { kind: text, ref: prefix + options.ref };
  }
  return { kind: 'object', type: prefix + resolveReference(text, owner) };
}

function parseField(facts: FieldFacts, owner: string): FieldSchema {
  const { flags, options } = facts;
  const type = parseRef(facts.type, owner, options);
  const patch = type.kind === 'list' ? undefined : options.patch;
  return {
    name: facts.name,
    type,
    ...(flags.includes('r') ? { required: true } : {}),
    ...(flags.includes('p') ? { pointer: true } : {}),
    ...(flags.includes('z') ? { omit: 'zero' } : flags.includes('e') ? { omit: 'empty' } : {}),
    ...(options.empty === undefined ? {} : { keepsEmpty: true }),
    proto: facts.proto,
    ...(options.via === undefined ? {} : { protoVia: options.via.split(',').map(Number) }),
    ...(options.wrapped === undefined ? {} : { wrapped: true }),
    ...(patch === undefined ? {} : { patchStrategy: patch.split(',') }),
    ...(options.map === undefined || type.kind === 'list'
      ? {}
      : { atomic: options.map === 'atomic' }),
    ...(options.list === undefined || type.kind === 'list' ? {} : { listType: options.list }),
  };
}

function parseSchema(block: string): TypeSchema {
  const { name, options, fields } = parseType(block);
  return {
    name: prefix + name,
    fields: fields.map((field) => parseField(field, name)),
    ...(options.map === 'atomic' ? { atomic: true } : {}),
    ...(options.gvk === undefined ? {} : { groupVersions: options.gvk.split(',') }),
    ...(options.unions === undefined ? {} : { unions: options.unions }),
  };
}

/**
 * Loads the table of every built-in type, about a millisecond; a type is parsed on first use.
 *
 * @throws when nothing was generated, and from the table when a name is unknown
 */
export function loadTypeTable(file: URL = generatedFile('schema.txt')): ListedTypeTable {
  const blocks = splitTypes(readFileSync(file, 'utf8'));
  const parsed = new Map<string, TypeSchema>();
  const lookUp = (name: string): TypeSchema => {
    const known = parsed.get(name);
    if (known !== undefined) return known;
    const block = name.startsWith(prefix) ? blocks.get(name.slice(prefix.length)) : undefined;
    if (block === undefined) throw new Error(`cannot find type ${name}: it is not in the table`);
    const schema = parseSchema(block);
    parsed.set(name, schema);
    return schema;
  };
  return Object.assign(lookUp, { names: [...blocks.keys()].map((name) => prefix + name) });
}
