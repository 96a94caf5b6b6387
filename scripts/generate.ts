// Generates the type table, its descriptions and those of parameters from client-node and the facts.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { FieldFacts, TypeFacts } from '../src/registry/schema/facts.ts';
import {
  parseType,
  resolveReference,
  splitTypes,
  writeType,
} from '../src/registry/schema/facts.ts';

const root = new URL('../', import.meta.url);
const clientNode = new URL('node_modules/@kubernetes/client-node/', root);
const models = new URL('dist/gen/models/', clientNode);
const requests = new URL('dist/gen/types/ObjectParamAPI.d.ts', clientNode);
const generated = new URL('generated/', root);
const factsFile = new URL('src/registry/schema/facts/types.txt', root);
const stampFile = new URL('inputs.sha256', generated);

/** What a generated model says about one field. */
interface ModelField {
  readonly type: string;
  readonly format: string;
  readonly required: boolean;
  readonly description: string;
}

interface Model {
  readonly description: string;
  readonly fields: ReadonlyMap<string, ModelField>;
}

function inputsHash(): string {
  const hash = createHash('sha256');
  const inputs = [
    factsFile,
    new URL('src/registry/schema/facts.ts', root),
    new URL(import.meta.url),
    new URL('package.json', clientNode),
  ];
  for (const input of inputs) hash.update(readFileSync(input));
  return hash.digest('hex');
}

/** JSDoc text of a model; the generator that wrote it escaped quotes. */
function plainText(text: string): string {
  return text
    .trim()
    .replaceAll(/\\(['"`\\])/g, '$1')
    .replaceAll('*_/', '*/');
}

function readModel(name: string): Model {
  const code = readFileSync(new URL(`${name}.js`, models), 'utf8');
  const types = readFileSync(new URL(`${name}.d.ts`, models), 'utf8');
  const classDoc = /\/\*\*\s*\* ((?:(?!\*\/)[\s\S])*?)\s*\*\/\s*export declare class/.exec(types);
  const properties = new Map<string, { required: boolean; description: string }>();
  const property = /(?:\/\*\*\s*\* ((?:(?!\*\/)[\s\S])*?)\s*\*\/\s*)?^ {4}'([^']+)'(\?)?: /gm;
  const body = types.slice(types.indexOf('export declare class'));
  for (const [, description = '', key = '', optional] of body.matchAll(property)) {
    properties.set(key, { required: optional === undefined, description: plainText(description) });
  }
  const fields = new Map<string, ModelField>();
  const entry = /"name": "(.*)",\s*"baseName": "(.*)",\s*"type": "(.*)",\s*"format": "(.*)"/g;
  for (const [, key = '', baseName = '', type = '', format = ''] of code.matchAll(entry)) {
    const found = properties.get(key);
    if (found === undefined) throw new Error(`cannot read model ${name}: no property ${key}`);
    fields.set(baseName, { ...found, type, format });
  }
  return { description: plainText(classDoc?.[1] ?? ''), fields };
}

/**
 * Requests of the core group that stand for all alike: their query parameters are what OpenAPI
 * says of every list, every patch, …
 */
const documentedRequests = [
  'ListNamespacedPod',
  'CreateNamespacedPod',
  'PatchNamespacedPod',
  'DeleteNamespacedPod',
  'DeleteCollectionNamespacedPod',
  'ReadNamespacedPodLog',
  'ConnectGetNamespacedPodAttach',
  'ConnectGetNamespacedPodExec',
  'ConnectGetNamespacedPodPortforward',
  'ConnectGetNamespacedPodProxy',
  'ConnectGetNamespacedServiceProxy',
  'ConnectGetNodeProxy',
] as const;

type DocumentedParameter = readonly [name: string, type: string, description: string];

/** Query parameters by request, as client-node documents them. */
function readParameters(): Record<string, readonly DocumentedParameter[]> {
  const code = readFileSync(requests, 'utf8');
  const field =
    /\/\*\*\s*\* ((?:(?!\*\/)[\s\S])*?)\s*\* Defaults to[\s\S]*?@type (\S+)[\s\S]*?\*\/\s*(\w+)\??: /g;
  const inPath = ['namespace', 'name', 'body'];
  const result: Record<string, readonly DocumentedParameter[]> = {};
  for (const request of documentedRequests) {
    const start = code.indexOf(`export interface CoreV1Api${request}Request {`);
    if (start === -1) throw new Error(`client-node has no request ${request}`);
    const body = code.slice(start, code.indexOf('\n}', start));
    const found = [...body.matchAll(field)].map(([, text = '', type = '', name = '']) => {
      const plain = plainText(unescapeHtml(text));
      return [name.replace(/^_/, ''), type === 'number' ? 'integer' : type, plain] as const;
    });
    result[request] = found.filter(([name]) => !inPath.includes(name));
  }
  return result;
}

function unescapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"' };
  return text
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll(/&#x([0-9a-fA-F]+);/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    )
    .replaceAll(/&(lt|gt|amp|quot);/g, (whole, name: string) => entities[name] ?? whole);
}

/** `V1Pod`, or `CoreV1Event` where several groups have a kind of that name and version. */
function modelName(type: string): string | undefined {
  const parts = type.split('.');
  const [group = '', version = '', kind = ''] = parts.slice(-3);
  const plain = capitalised(version) + kind;
  const candidates = [capitalised(group) + plain, plain, capitalised(version) + capitalised(kind)];
  return candidates.find((name) => existsSync(new URL(`${name}.js`, models)));
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

/** Replaces embedded structs by their fields; what Go inlines in JSON has no name of its own. */
function inlined(type: TypeFacts, types: ReadonlyMap<string, TypeFacts>): readonly FieldFacts[] {
  return type.fields.flatMap((field) => {
    if (!field.flags.includes('i')) return [field];
    const name = resolveReference(field.type, type.name);
    const embedded = types.get(name);
    if (embedded === undefined) throw new Error(`cannot inline ${name} into ${type.name}`);
    return inlined(embedded, types).map((inner) => ({
      ...inner,
      type: inner.type.replace('./', `${name.slice(0, name.lastIndexOf('.'))}.`),
      // Type meta is inlined without a number: in protobuf it is not part of the message.
      proto: field.proto === 0 ? 0 : inner.proto,
      options: { ...inner.options, ...via(field, inner) },
    }));
  });
}

/** In protobuf an embedded struct is a message of its own: the numbers that lead to it. */
function via(outer: FieldFacts, inner: FieldFacts): Record<string, string> {
  if (outer.proto === 0) return {};
  return { via: [outer.proto, ...(inner.options.via?.split(',') ?? [])].join(',') };
}

/** Whether a model's type can be what Go holds; a new client-node that disagrees must not pass. */
function agrees(field: FieldFacts, model: ModelField): boolean {
  const { type } = field;
  if (type.startsWith('[]')) return model.type.startsWith('Array<');
  if (type.startsWith('map<')) return model.type.startsWith('{ [key: string]');
  if (type === 'int32' || type === 'int64') return model.format === type;
  if (type === 'float64') return model.type === 'number';
  if (type === 'bool') return model.type === 'boolean';
  if (type === 'string' || type === 'quantity' || type === 'bytes') return model.type === 'string';
  return true;
}

function merge(
  type: TypeFacts,
  model: Model | undefined,
  fields: readonly FieldFacts[],
): TypeFacts {
  const merged = fields.map((field): FieldFacts => {
    const stated = model?.fields.get(field.name);
    if (model !== undefined && (stated === undefined || !agrees(field, stated))) {
      throw new Error(`client-node and the facts disagree on ${type.name}.${field.name}`);
    }
    const required = stated?.required ?? !/[pez]/.test(field.flags);
    return { ...field, flags: field.flags.replace('-', '') + (required ? 'r' : '') };
  });
  if (model !== undefined && model.fields.size !== fields.length) {
    throw new Error(`client-node has fields of ${type.name} that the facts lack`);
  }
  return { ...type, fields: merged };
}

function generate(): void {
  const blocks = splitTypes(readFileSync(factsFile, 'utf8'));
  const types = new Map([...blocks].map(([name, block]) => [name, parseType(block)]));
  const descriptions: Record<string, readonly [string, Record<string, string>]> = {};
  let table = '';
  for (const type of types.values()) {
    const name = modelName(type.name);
    const model = name === undefined ? undefined : readModel(name);
    table += writeType(merge(type, model, inlined(type, types)));
    if (model === undefined) continue;
    const fields = [...model.fields].map(([field, { description }]) => [field, description]);
    descriptions[`io.k8s.${type.name}`] = [model.description, Object.fromEntries(fields)];
  }
  mkdirSync(generated, { recursive: true });
  writeFileSync(new URL('schema.txt', generated), table);
  writeFileSync(new URL('descriptions.json', generated), JSON.stringify(descriptions));
  writeFileSync(new URL('parameters.json', generated), JSON.stringify(readParameters()));
}

const hash = inputsHash();
const names = ['schema.txt', 'descriptions.json', 'parameters.json'];
const files = names.map((file) => new URL(file, generated));
const stamped = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash;
if (!stamped || !files.every((file) => existsSync(file))) generate();
// Written each time: the launcher compares the age of this file with that of the inputs.
writeFileSync(stampFile, hash);
