// PATCH: makes the next object of the current one, then goes the way of every update.
import {
  badRequest,
  conflict,
  requestEntityTooLarge,
  resourceNotFound,
  StatusError,
} from '../../status.ts';
import type { ApiObject } from '../resource.ts';
import { duplicateFields } from '../schema/diagnose.ts';
import { jsonSyntaxError, jsonType } from '../schema/go-errors.ts';
import { countKeys, parseDocument } from '../schema/json.ts';
import { parseYaml, warningsOf, type YamlDocument } from '../schema/yaml.ts';
import { doorOf } from './doors.ts';
import { fieldOf, isJsonObject } from './json.ts';
import { applyJsonPatch, JsonPatchError, readJsonPatch, touchedBy } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { decodePatched, type Patched, patchedMap, patchedText } from './patched.ts';
import type { StoreParts } from './ports.ts';
import {
  checkName,
  checkNamespace,
  groupVersion,
  kindName,
  resourceName,
} from './request-checks.ts';
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
  const { kind } = kindName(context);
  const make = patcher(parts, version.schema, request);
  return change(parts, context, {
    createOnUpdate: false,
    change(current) {
      if (current === undefined) throw resourceNotFound();
      const patched = make(current);
      const type = { schema: version.schema, apiVersion: groupVersion(context), kind };
      const next = decodePatched(parts, context, type, patched);
      version.defaults?.(next);
      return { next, owned: false };
    },
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

/** A patch as it was read; `problems` are what is wrong with the patch itself. */
interface ReadPatch {
  readonly value: unknown;
  readonly problems: readonly string[];
}

function readPatch(body: Uint8Array, prefix: string): ReadPatch {
  const text = new TextDecoder().decode(body);
  try {
    const { value, keys } = parseDocument(text);
    return { value, problems: keys === countKeys(value) ? [] : duplicateFields(text) };
  } catch (error) {
    throw badRequest(`${prefix}${jsonSyntaxError(text)}`, { cause: error });
  }
}

/** The function that patches a current object of this type; the body is read only once. */
export function patcher(
  parts: StoreParts,
  schema: string,
  request: ObjectPatch,
): (current: ApiObject) => Patched {
  let make: ((current: ApiObject) => Patched) | undefined;
  return (current) => {
    make ??= readPatcher(parts, schema, request);
    try {
      return make(current);
    } catch (error) {
      throw error instanceof JsonPatchError ? unprocessable() : error;
    }
  };
}

interface ObjectPatch {
  readonly type: 'json' | 'merge' | 'strategic';
  readonly body: Uint8Array;
}

function readPatcher(
  parts: StoreParts,
  schema: string,
  request: ObjectPatch,
): (current: ApiObject) => Patched {
  // Strategic patches are read elsewhere upstream, where nobody says what was being read.
  const prefix = request.type === 'strategic' ? '' : 'error decoding patch: ';
  const { value, problems } = readPatch(request.body, prefix);
  if (request.type === 'json') {
    const { operations, problems: more } = readOperations(value);
    const all = [...problems, ...more].map((problem) => `json patch ${problem}`);
    const touched = touchedBy(operations);
    return (current) => patchedText(applyJsonPatch(current, operations), touched, all);
  }
  if (value === null && request.type === 'merge') throw badRequest('Invalid JSON Patch');
  const fields = value ?? {};
  if (!isJsonObject(fields)) {
    throw badRequest(
      `${prefix}json: cannot unmarshal ${jsonType(fields)} ` +
        'into Go value of type map[string]interface {}',
    );
  }
  if (request.type === 'merge') {
    return (current) => patchedText(mergePatch(current, fields), fields, problems);
  }
  return (current) =>
    patchedMap(parts.patches.strategicMerge(current, fields, schema), fields, problems);
}

function readOperations(parsed: unknown): ReturnType<typeof readJsonPatch> {
  try {
    const read = readJsonPatch(parsed);
    if (read.operations.length > jsonPatchOperationsMax) {
      throw requestEntityTooLarge(
        `The allowed maximum operations in a JSON patch is ${jsonPatchOperationsMax}, ` +
          `got ${read.operations.length}`,
      );
    }
    return read;
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error;
    throw badRequest(`error decoding patch: ${error.message}`, { cause: error });
  }
}

async function apply(
  parts: StoreParts,
  context: RequestContext,
  body: Uint8Array,
  force: boolean,
): Promise<WriteResult> {
  const { served, subresource, fieldManager: manager } = context;
  const door = doorOf(parts, context);
  const { configuration, duplicates } = await readConfiguration(context, body);
  const make: Change = (current) => {
    const live = current;
    const input = { served, subresource, manager, live, resetFields: door.resetFields };
    const options = { force, warn: (message: string) => context.warn(message) };
    const next = parts.ownership.apply(input, configuration, options);
    reportDuplicates(context, duplicates);
    const { uid = '' } = configuration.metadata;
    if (current === undefined && uid !== '') {
      const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
      throw conflict(resourceName(context), context.name, why);
    }
    checkNamespace(context, next);
    checkName(context, next);
    served.version.defaults?.(next);
    return { next, owned: true };
  };
  return change(parts, context, { createOnUpdate: subresource === '', change: make });
}

/** A configuration as it came: what it does not say, it does not own. */
export interface Configuration {
  readonly configuration: ApiObject;
  /** What YAML has twice, in upstream's words; nobody but `Strict` minds. */
  readonly duplicates: readonly string[];
}

/** @throws StatusError 400 for what is no YAML, and for another kind of object */
export async function readConfiguration(
  context: RequestContext,
  body: Uint8Array,
): Promise<Configuration> {
  const { value, duplicates } = await parseConfiguration(new TextDecoder().decode(body));
  const fields = value ?? {};
  if (!isJsonObject(fields)) {
    throw badRequest(
      'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: ' +
        `cannot unmarshal ${jsonType(fields)} into Go value of type map[string]interface {}`,
    );
  }
  if (fieldOf(fields.metadata, 'managedFields') !== undefined) {
    throw badRequest('metadata.managedFields must be nil');
  }
  checkAppliedType(context, fields);
  // Ownership says what is wrong with metadata that is no map.
  const metadata = fields.metadata ?? {};
  return { configuration: { ...fields, metadata } as ApiObject, duplicates };
}

async function parseConfiguration(
  text: string,
): Promise<Pick<YamlDocument, 'value' | 'duplicates'>> {
  try {
    // Nearly every client sends JSON, which is YAML that is read much faster.
    const { value, keys } = parseDocument(text);
    if (keys === countKeys(value)) return { value, duplicates: [] };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  try {
    return await parseYaml(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${why}`, {
      cause: error,
    });
  }
}

function reportDuplicates(context: RequestContext, duplicates: readonly string[]): void {
  if (context.fieldValidation === 'Strict' && duplicates.length > 0) {
    const why = duplicates.join('\n');
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${why}`);
  }
  if (context.fieldValidation !== 'Warn') return;
  for (const warning of duplicates.flatMap(warningsOf)) context.warn(warning);
}

function checkAppliedType(context: RequestContext, configuration: Record<string, unknown>): void {
  const { apiVersion, kind } = configuration;
  if (apiVersion === groupVersion(context) && kind === kindName(context).kind) return;
  const parts = typeof apiVersion === 'string' ? apiVersion.split('/') : [];
  const [version = '', group = ''] = parts.length > 2 ? [] : parts.toReversed();
  const named = typeof kind === 'string' && parts.length <= 2 ? kind : '';
  throw badRequest(`invalid object type: ${group}/${version}, Kind=${named}`);
}
