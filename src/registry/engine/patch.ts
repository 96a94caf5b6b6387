// PATCH: makes the next object of the current one, then goes the way of every update.
import {
  badRequest,
  invalid,
  requestEntityTooLarge,
  resourceNotFound,
  StatusError,
} from '../../status.ts';
import { FieldPath, invalidValue } from '../field.ts';
import type { ApiObject } from '../resource.ts';
import { DecodeError, type DecodeSource } from '../schema/decode.ts';
import { jsonSyntaxError } from '../schema/go-errors.ts';
import { parseDocument } from '../schema/json.ts';
import { parseYaml } from '../schema/yaml.ts';
import { doorOf } from './doors.ts';
import { isJsonObject } from './json.ts';
import { applyJsonPatch, JsonPatchError, readJsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import type { StoreParts } from './ports.ts';
import { checkName, checkNamespace, checkTypeMeta, kindName } from './request-checks.ts';
import type { PatchRequest, RequestContext, WriteResult } from './types.ts';
import { type Change, change } from './update.ts';

/** Upstream's limit on the operations of one JSON patch. */
export const jsonPatchOperationsMax = 10_000;

/** Patches the object; apply creates it where it does not exist. */
export async function patch(
  parts: StoreParts,
  context: RequestContext,
  request: PatchRequest,
): Promise<WriteResult> {
  if (request.type === 'apply') return apply(parts, context, request.body, request.force);
  const { version } = context.served;
  const make = patcher(parts, version.schema, request);
  return change(parts, context, {
    createOnUpdate: false,
    change(current) {
      if (current === undefined) throw resourceNotFound();
      const patched = make(current);
      const next = decodePatched(parts, context, version.schema, patched);
      checkTypeMeta(context, next);
      version.defaults?.(next);
      return { next, owned: false };
    },
  }).catch((error: unknown) => {
    throw error instanceof JsonPatchError ? unprocessable() : error;
  });
}

/** What upstream's generic server response for a 422 says. */
function unprocessable(): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'the server rejected our request due to an error in our request',
    reason: 'Invalid',
    details: {},
    code: 422,
  });
}

function parseBody(body: Uint8Array): unknown {
  const text = new TextDecoder().decode(body);
  try {
    return parseDocument(text).value;
  } catch (error) {
    throw badRequest(`error decoding patch: ${jsonSyntaxError(text)}`, { cause: error });
  }
}

/** The function that patches a current object of this type; the body is read only once. */
export function patcher(
  parts: StoreParts,
  schema: string,
  request: { readonly type: 'json' | 'merge' | 'strategic'; readonly body: Uint8Array },
): (current: ApiObject) => unknown {
  const parsed = parseBody(request.body);
  if (request.type === 'json') {
    const operations = readOperations(parsed);
    return (current) => applyJsonPatch(current, operations);
  }
  if (!isJsonObject(parsed)) {
    throw badRequest(
      'error decoding patch: json: cannot unmarshal ' +
        `${Array.isArray(parsed) ? 'array' : typeof parsed} into Go value of type map[string]interface {}`,
    );
  }
  if (request.type === 'merge') return (current) => mergePatch(current, parsed);
  return (current) => parts.patches.strategicMerge(current, parsed, schema);
}

function readOperations(parsed: unknown): ReturnType<typeof readJsonPatch> {
  try {
    const operations = readJsonPatch(parsed);
    if (operations.length > jsonPatchOperationsMax) {
      throw requestEntityTooLarge(
        `The allowed maximum operations in a JSON patch is ${jsonPatchOperationsMax}, ` +
          `got ${operations.length}`,
      );
    }
    return operations;
  } catch (error) {
    if (error instanceof JsonPatchError) throw badRequest(error.message, { cause: error });
    throw error;
  }
}

/** The canonical object of a patch's result; what does not fit is the client's fault. */
export function decodePatched(
  parts: StoreParts,
  context: RequestContext,
  schema: string,
  patched: unknown,
): ApiObject {
  try {
    const { object, problems } = parts.decode(schema, { value: patched });
    reportProblems(context, problems);
    return object;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const bad = invalidValue(FieldPath.of('patch'), JSON.stringify(patched), error.message);
    throw invalid({ group: '', kind: '' }, '', [bad]);
  }
}

/** Unknown and duplicate fields: refused, warned of, or passed over. */
export function reportProblems(context: RequestContext, problems: readonly string[]): void {
  if (problems.length === 0 || context.fieldValidation === 'Ignore') return;
  if (context.fieldValidation === 'Strict') {
    throw badRequest(`strict decoding error: ${problems.join(', ')}`);
  }
  for (const problem of problems) context.warn(problem);
}

async function apply(
  parts: StoreParts,
  context: RequestContext,
  body: Uint8Array,
  force: boolean,
): Promise<WriteResult> {
  const { served, subresource, fieldManager: manager } = context;
  const door = doorOf(parts, context);
  const configuration = await readConfiguration(parts, context, body);
  const make: Change = (current) => {
    const live = current;
    const input = { served, subresource, manager, live, resetFields: door.resetFields };
    const options = { force, warn: (message: string) => context.warn(message) };
    const next = parts.ownership.apply(input, configuration, options);
    served.version.defaults?.(next);
    return { next, owned: true };
  };
  const uid = configuration.metadata.uid ?? '';
  return change(parts, context, {
    createOnUpdate: subresource === '',
    ...(uid === '' ? {} : { uid }),
    change: make,
  });
}

/** An applied configuration is kept as it came: what it does not say, it does not own. */
export async function readConfiguration(
  parts: StoreParts,
  context: RequestContext,
  body: Uint8Array,
): Promise<ApiObject> {
  const text = new TextDecoder().decode(body);
  let source: DecodeSource;
  try {
    source = /^\s*\{/.test(text) ? parseDocument(text) : await parseYaml(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`error decoding YAML: ${why}`, { cause: error });
  }
  const { value } = source;
  if (!isJsonObject(value)) throw badRequest('error decoding YAML: not an object');
  const metadata = isJsonObject(value.metadata) ? { ...value.metadata } : {};
  const configuration: ApiObject = { ...value, metadata };
  reportDuplicates(parts, context, source);
  if (configuration.metadata.managedFields !== undefined) {
    throw badRequest('metadata.managedFields must be nil');
  }
  checkApplied(context, configuration);
  return configuration;
}

/** Fields that do not fit are ownership's to refuse; it has upstream's words for them. */
function reportDuplicates(parts: StoreParts, context: RequestContext, source: DecodeSource): void {
  try {
    const { problems } = parts.decode(context.served.version.schema, source);
    reportProblems(
      context,
      problems.filter((problem) => problem.startsWith('duplicate field ')),
    );
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
}

function checkApplied(context: RequestContext, configuration: ApiObject): void {
  const { group, kind } = kindName(context);
  if ((configuration.apiVersion ?? '') === '' || (configuration.kind ?? '') === '') {
    throw badRequest(
      `invalid object type: ${group}/${context.served.version.version}, Kind=${kind}: ` +
        'apiVersion and kind must be set',
    );
  }
  checkTypeMeta(context, configuration);
  configuration.metadata.name ??= context.name;
  checkNamespace(context, configuration);
  checkName(context, configuration);
}
