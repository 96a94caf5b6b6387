// Reads what a patch made of an object, and says what does not fit as upstream's handlers do.
import { invalid, type StatusError } from '../../status.ts';
import { FieldPath, invalidValue } from '../field.ts';
import { goValue } from '../patch/go-value.ts';
import { unstructuredError, withIntegers } from '../patch/unstructured.ts';
import type { ApiObject } from '../resource.ts';
import { DecodeError, type DecodeSource } from '../schema/decode.ts';
import { noKindRegistered } from '../schema/go-errors.ts';
import { parseDocument, toJson } from '../schema/json.ts';
import { fieldOf, isJsonObject } from './json.ts';
import type { StoreParts } from './ports.ts';
import type { RequestContext } from './types.ts';

/** What a patch made of the current object. */
export interface Patched {
  readonly value: unknown;
  /** Its JSON text, or the patch as Go prints it: what errors about it quote. */
  quoted(): string;
  /** Undefined for strategic patches, which upstream never turns into a text. */
  readonly text: (() => string) | undefined;
  /** What is wrong with the patch itself: `duplicate field "spec.a"`. */
  readonly problems: readonly string[];
}

/** A result of a JSON or merge patch; `touched` has a key for every field that was looked at. */
export function patchedText(
  value: unknown,
  touched: unknown,
  problems: readonly string[],
): Patched {
  const text = () => toJson(sortedWhere(inGoOrder(value), touched));
  return { value, quoted: text, text, problems };
}

/** A result of a strategic patch. */
export function patchedMap(value: unknown, patch: unknown, problems: readonly string[]): Patched {
  return { value, quoted: () => goValue(patch), text: undefined, problems };
}

/** A presented object has its resourceVersion last, where Go writes it behind the uid. */
function inGoOrder(value: unknown): unknown {
  const metadata = fieldOf(value, 'metadata');
  if (!isJsonObject(value) || !isJsonObject(metadata)) return value;
  const { resourceVersion, ...others } = metadata;
  const entries = Object.entries(others);
  const at = entries.findIndex(([name]) => name === 'uid') + 1;
  if (resourceVersion === undefined || at === 0) return value;
  entries.splice(at, 0, ['resourceVersion', resourceVersion]);
  return { ...value, metadata: Object.fromEntries(entries) };
}

/** Upstream's library sorts the fields of every object that it had to open. */
function sortedWhere(value: unknown, touched: unknown): unknown {
  if (!isJsonObject(value) || !isJsonObject(touched)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(
    names.map((name) => [name, sortedWhere(value[name], fieldOf(touched, name))]),
  );
}

/**
 * The canonical object of a patch's result.
 *
 * @throws StatusError 422 for what does not fit its type, and for unknown fields under `Strict`
 */
export function decodePatched(
  parts: StoreParts,
  context: RequestContext,
  type: { readonly schema: string; readonly apiVersion: string; readonly kind: string },
  patched: Patched,
): ApiObject {
  try {
    if (patched.text !== undefined) checkType(type, patched.value);
    const { object, problems } =
      patched.text === undefined
        ? decodeMap(parts, type.schema, patched)
        : decodeQuick(parts, type.schema, patched);
    report(context, patched, [...patched.problems, ...problems]);
    return { ...object, apiVersion: type.apiVersion, kind: type.kind };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw unfit(patched, error.message);
  }
}

/** A strategic patch makes a map of values, whose numbers upstream converts more freely. */
function decodeMap(parts: StoreParts, schema: string, patched: Patched) {
  try {
    return decodeQuick(parts, schema, patched);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const why = unstructuredError(parts.types, schema, patched.value);
    if (why !== undefined) throw unfit(patched, why);
    const value = withIntegers(parts.types, { kind: 'object', type: schema }, patched.value);
    return decodeQuick(parts, schema, { ...patched, value });
  }
}

/** Only a result with something wrong is written out, to say so in the order of its text. */
function decodeQuick(parts: StoreParts, schema: string, patched: Patched) {
  const { text, value } = patched;
  const found = parts.decode(schema, { value });
  if (found.problems.length === 0) return found;
  if (text === undefined) return { ...found, problems: [...found.problems].sort() };
  const source: DecodeSource = parseDocument(text());
  return parts.decode(schema, source);
}

function report(context: RequestContext, patched: Patched, problems: readonly string[]): void {
  if (problems.length === 0 || context.fieldValidation === 'Ignore') return;
  if (context.fieldValidation === 'Strict') {
    throw unfit(patched, `strict decoding error: ${problems.join(', ')}`);
  }
  for (const problem of problems) context.warn(problem);
}

/** A patch may not make another kind of the object, except a strategic one, which is ignored. */
function checkType(
  type: { readonly apiVersion: string; readonly kind: string },
  value: unknown,
): void {
  const kind = fieldOf(value, 'kind') ?? '';
  const apiVersion = fieldOf(value, 'apiVersion') ?? '';
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') return;
  const unlike = (kind !== '' && kind !== type.kind) || apiVersion !== type.apiVersion;
  if (!unlike || (apiVersion === '' && kind === type.kind)) return;
  if (apiVersion.split('/').length > 2) {
    throw new DecodeError(`unexpected GroupVersion string: ${apiVersion}`);
  }
  if (apiVersion === '' && kind === '') return;
  throw new DecodeError(noKindRegistered(kind || type.kind, apiVersion || type.apiVersion));
}

function unfit(patched: Patched, why: string): StatusError {
  return invalid({ group: '', kind: '' }, '', [
    invalidValue(FieldPath.of('patch'), patched.quoted(), why),
  ]);
}
