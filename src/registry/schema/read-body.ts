// Reads a request's body into the object that it should be, with upstream's errors for all else.
import { badRequest, unsupportedMediaType } from '../../status.ts';
import type { ApiObject } from '../resource.ts';
import type { Decode, Decoded } from './decode.ts';
import { DecodeError } from './decode.ts';
import { jsonSyntaxError, jsonType, noKindRegistered } from './go-errors.ts';
import type { JsonDocument } from './json.ts';
import { parseDocument } from './json.ts';
import type { ProtobufCodec } from './protobuf/codec.ts';
import { protobufMediaType, readEnvelope } from './protobuf/envelope.ts';
import { ProtobufError } from './protobuf/wire-reader.ts';
import { definitionOf, type ListedTypeTable } from './table.ts';
import { parseYaml, warningsOf } from './yaml.ts';

/** What a body should hold. */
export interface ExpectedType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Definition name. */
  readonly schema: string;
}

export interface BodyOptions {
  /** `application/json` when the client sent none. */
  readonly contentType: string;
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  /** Errors say only what is wrong, as for options: not what could not be read because of it. */
  readonly bare?: boolean;
  warn(message: string): void;
}

/**
 * Reads one body; kind and apiVersion are filled in where the client left them out.
 *
 * @throws StatusError 400 or 415
 */
export type ReadBody = (
  bytes: Uint8Array,
  expected: ExpectedType,
  options: BodyOptions,
) => Promise<ApiObject>;

const bodyMediaTypes: readonly string[] = [
  'application/json',
  'application/yaml',
  protobufMediaType,
];

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const shownMax = 30;

interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

interface Expected extends ExpectedType {
  readonly bare?: boolean | undefined;
}

interface ParsedBody extends JsonDocument {
  readonly duplicates?: readonly string[];
}

/** The start of a body as upstream quotes it: text when it looks like JSON, else hexadecimal. */
function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>';
  const shown = Buffer.from(bytes.subarray(0, shownMax));
  const more = bytes.length > shownMax ? ' ...' : '';
  return (bytes[0] === 0x7b ? shown.toString() : shown.toString('hex')) + more;
}

function unrecognized(expected: Expected, why: string, bytes: Uint8Array): Error {
  if (expected.bare === true) return badRequest(why);
  const { kind } = expected;
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(bytes)})`,
  );
}

async function parse(bytes: Uint8Array, mediaType: string): Promise<ParsedBody> {
  const text = utf8.decode(bytes);
  if (mediaType === 'application/yaml') return parseYaml(text);
  try {
    return parseDocument(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const why = error.message.includes('max depth') ? error.message : jsonSyntaxError(text);
    throw new SyntaxError(`couldn't get version/kind; json parse error: ${why}`, { cause: error });
  }
}

/** Reads kind and apiVersion, which must be strings whatever else the body holds. */
function typeMeta(value: unknown): TypeMeta {
  const cannot = "couldn't get version/kind; json parse error: json: cannot unmarshal";
  if (value === null) return { apiVersion: '', kind: '' };
  if (typeof value !== 'object' || Array.isArray(value)) {
    const field = (name: string, key: string): string =>
      `${name} string "json:\\"${key},omitempty\\""`;
    const type = `struct { ${field('APIVersion', 'apiVersion')}; ${field('Kind', 'kind')} }`;
    throw new SyntaxError(`${cannot} ${jsonType(value)} into Go value of type ${type}`);
  }
  const read = (key: string): string => {
    const text = (value as Record<string, unknown>)[key] ?? '';
    if (typeof text === 'string') return text;
    const field = `Go struct field .${key} of type string`;
    throw new SyntaxError(`${cannot} ${jsonType(text)} into ${field}`);
  };
  const meta = { apiVersion: read('apiVersion'), kind: read('kind') };
  if (meta.apiVersion.split('/').length > 2) {
    throw new SyntaxError(`unexpected GroupVersion string: ${meta.apiVersion}`);
  }
  return meta;
}

function groupVersion(expected: ExpectedType): string {
  return expected.group === '' ? expected.version : `${expected.group}/${expected.version}`;
}

function shortVersion(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1);
}

/** What bodies are read with. */
interface Reading {
  readonly table: ListedTypeTable;
  readonly decode: Decode;
  readonly protobuf: Pick<ProtobufCodec, 'decode'>;
}

/** What the body claims to be is not what this path takes: says how, if it can be said yet. */
function checkKind({ table }: Reading, meta: TypeMeta, expected: Expected): void {
  const wanted = groupVersion(expected);
  if (meta.kind === expected.kind && meta.apiVersion === wanted) return;
  // Options are read by a scheme that knows nothing else.
  const known =
    expected.bare === true ? undefined : definitionOf(table, meta.kind, meta.apiVersion);
  if (known === undefined) {
    throw cannotHandle(meta, expected, noKindRegistered(meta.kind, meta.apiVersion));
  }
  if (meta.kind !== expected.kind) {
    const internal = expected.group === '' ? 'core' : expected.group.split('.')[0];
    const from = `${shortVersion(meta.apiVersion)}.${meta.kind}`;
    const why = `converting (${from}) to (${internal}.${expected.kind}): unknown conversion`;
    throw cannotHandle(meta, expected, why);
  }
  throw badRequest(
    `the API version in the data (${meta.apiVersion}) ` +
      `does not match the expected API version (${wanted})`,
  );
}

function decoded(
  { decode }: Reading,
  document: ParsedBody,
  meta: TypeMeta,
  expected: Expected,
): Decoded {
  try {
    return decode(expected.schema, document.value === null ? { value: {} } : document);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw cannotHandle(meta, expected, error.message);
  }
}

/** Protobuf can neither repeat a field nor have one that the type lacks: nothing to warn of. */
function fromProtobuf(reading: Reading, bytes: Uint8Array, expected: Expected): ApiObject {
  let meta: TypeMeta | undefined;
  try {
    const { kind, apiVersion, raw } = readEnvelope(bytes);
    // Here, unlike in JSON, what is no group and version counts as none given.
    const stated = apiVersion.split('/').length > 2 ? '' : apiVersion;
    meta = { kind: kind || expected.kind, apiVersion: stated || groupVersion(expected) };
    checkKind(reading, meta, expected);
    return { ...meta, ...reading.protobuf.decode(expected.schema, raw) } as ApiObject;
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    if (meta === undefined) throw unrecognized(expected, error.message, bytes);
    throw cannotHandle(meta, expected, error.message);
  }
}

/** Makes the reader of bodies for decoders over the types of `table`. */
export function createBodyReader(
  table: ListedTypeTable,
  decode: Decode,
  protobuf: Pick<ProtobufCodec, 'decode'>,
): ReadBody {
  const reading: Reading = { table, decode, protobuf };
  return async (bytes, type, options) => {
    const expected: Expected = { ...type, bare: options.bare };
    const form = bodyMediaType(options.contentType);
    if (form === protobufMediaType) return fromProtobuf(reading, bytes, expected);
    let document: ParsedBody;
    let stated: TypeMeta;
    try {
      document = await parse(bytes, form);
      stated = typeMeta(document.value);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw unrecognized(expected, error.message, bytes);
    }
    const meta = {
      kind: stated.kind || expected.kind,
      apiVersion: stated.apiVersion || groupVersion(expected),
    };
    checkKind(reading, meta, expected);
    const { object, problems } = decoded(reading, document, meta, expected);
    const all = [...(document.duplicates ?? []), ...problems];
    if (all.length > 0 && options.fieldValidation === 'Strict') {
      throw cannotHandle(meta, expected, `strict decoding error: ${all.join(', ')}`);
    }
    if (options.fieldValidation === 'Warn') {
      for (const warning of all.flatMap(warningsOf)) options.warn(warning);
    }
    // First in Go's order, whether or not the client sent them.
    return { ...meta, ...object, ...meta };
  };
}

/** A type and well-formed parameters, as Go's mime.ParseMediaType takes them. */
const mediaTypeForm = /^([^;]+)(?:;\s*[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[^"]*")\s*)*;?\s*$/;

/**
 * The media type of a body; JSON where none is stated.
 *
 * @throws StatusError 415
 */
export function bodyMediaType(contentType: string): string {
  if (contentType === '') return 'application/json';
  const type = mediaTypeForm.exec(contentType)?.[1]?.trim().toLowerCase() ?? '';
  if (!bodyMediaTypes.includes(type)) throw unsupportedMediaType(bodyMediaTypes);
  return type;
}

function cannotHandle(meta: TypeMeta, expected: Expected, why: string): Error {
  if (expected.bare === true) return badRequest(why);
  const version = JSON.stringify(shortVersion(meta.apiVersion));
  return badRequest(
    `${meta.kind} in version ${version} cannot be handled as a ${expected.kind}: ${why}`,
  );
}
