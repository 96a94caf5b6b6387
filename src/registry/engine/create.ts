// POST: names, fills and checks a new object and writes it where nothing stood.
import { timestamp } from '../../clock.ts';
import { nameSuffix, nameSuffixLength, uuid } from '../../random.ts';
import {
  alreadyExists,
  generateNameConflict,
  invalid,
  StatusError,
  unexplained,
} from '../../status.ts';
import { FieldPath } from '../field.ts';
import { validateDns1123Subdomain } from '../metadata/names.ts';
import { validateObjectMeta } from '../metadata/object-meta.ts';
import type { ApiObject } from '../resource.ts';
import { Afterwards } from './afterwards.ts';
import { readCurrent } from './compare-and-swap.ts';
import { hasGeneration, mainResetFields } from './doors.ts';
import { copyJson } from './json.ts';
import type { StoreParts } from './ports.ts';
import {
  checkNamespace,
  checkTypeMeta,
  dedupeOwners,
  hookContext,
  kindName,
  resourceName,
} from './request-checks.ts';
import { objectKey } from './resource-key.ts';
import type { AdmissionAttributes, RequestContext, WriteResult } from './types.ts';
import { fromStored, toStored } from './versions.ts';

const generatedNameAttemptsMax = 8;
const generatedNameBaseLengthMax = 58;

/** Whether a new object's name was made of what its client gave for it. */
export function isGenerated(name: string, generateName: string): boolean {
  const base = generateName.slice(0, generatedNameBaseLengthMax);
  return base !== '' && name.startsWith(base) && name.length === base.length + nameSuffixLength;
}

/** Creates `object` (decoded and defaulted, in the request's version); it is not changed. */
export async function create(
  parts: StoreParts,
  context: RequestContext,
  object: ApiObject,
): Promise<WriteResult> {
  const { name = '', generateName = '' } = object.metadata;
  const generated = name === '' && generateName !== '';
  for (let attempt = 1; ; attempt++) {
    const next = copyJson(object);
    if (generated) {
      const base = generateName.slice(0, generatedNameBaseLengthMax);
      next.metadata.name = base + nameSuffix(parts.random);
    }
    const result = await prepareAndWrite(parts, context, next);
    if (result !== undefined) return result;
    const taken = next.metadata.name ?? '';
    if (!generated) throw await existsAlready(parts, context, taken);
    if (attempt === generatedNameAttemptsMax) {
      throw generateNameConflict(resourceName(context), taken);
    }
  }
}

/** One attempt; undefined when the name is taken. */
async function prepareAndWrite(
  parts: StoreParts,
  context: RequestContext,
  object: ApiObject,
): Promise<WriteResult | undefined> {
  const afterwards = new Afterwards();
  let result: WriteResult | undefined;
  try {
    result = await writeNew(parts, context, await prepareNew(parts, context, object, afterwards));
    return result;
  } finally {
    await afterwards.settle(result === undefined || context.dryRun ? 'nothing' : 'written');
  }
}

/** The stored bytes of a new object after every check; used by create-on-update and apply too. */
export async function prepareNew(
  parts: StoreParts,
  context: RequestContext,
  object: ApiObject,
  afterwards: Afterwards,
  owned = false,
): Promise<{ readonly stored: ApiObject; readonly bytes: Uint8Array }> {
  const { resource, version } = context.served;
  checkTypeMeta(context, object);
  checkNamespace(context, object);
  const { resourceVersion = '' } = object.metadata;
  delete object.metadata.resourceVersion;
  dedupeOwners(context, object);
  // Upstream fills these before admission, so that webhooks see the object's identity.
  object.metadata.uid = uuid(parts.random);
  object.metadata.creationTimestamp = timestamp(parts.clock);
  delete object.metadata.deletionTimestamp;
  delete object.metadata.deletionGracePeriodSeconds;
  delete object.metadata.selfLink;
  if (!owned) {
    const resetFields = mainResetFields(resource);
    const { served, subresource, fieldManager: manager } = context;
    parts.ownership.update({ served, subresource, manager, live: undefined, resetFields }, object);
  }
  const { add } = afterwards;
  const attributes: AdmissionAttributes = {
    context,
    operation: 'CREATE',
    object,
    old: undefined,
    afterwards: add,
  };
  await parts.admission.mutate(attributes);
  version.defaults?.(object);
  const next = toStored(context, object);
  const hooks = hookContext(parts, context);
  const resets = resource.hasStatus === true && resource.keepsStatusOnCreate !== true;
  if (resets) resetStatus(parts, context, next);
  if (hasGeneration(parts, context)) next.metadata.generation = 1;
  resource.prepareCreate?.(next, hooks);
  const rules = {
    namespaced: resource.namespaced,
    validateName: (name: string, isPrefix = false) =>
      (resource.validateName ?? validateDns1123Subdomain)(name, isPrefix),
    customResource: resource.custom === true,
  };
  const errors = [
    ...validateObjectMeta(next.metadata, rules, FieldPath.of('metadata')),
    ...(resource.validate?.(next, hooks) ?? []),
  ];
  if (errors.length > 0) throw invalid(kindName(context), next.metadata.name ?? '', errors);
  for (const warning of resource.warnings?.(next, undefined, '') ?? []) context.warn(warning);
  const shown = version.fromStorage === undefined ? next : fromStored(context, copyJson(next));
  await parts.admission.validate({ ...attributes, object: shown });
  if (!context.dryRun && isRevision(resourceVersion)) throw resourceVersionOnCreate();
  return { stored: next, bytes: parts.parsed.encode(next) };
}

/** A new object starts with the status that Go's zero value has. */
function resetStatus(parts: StoreParts, context: RequestContext, object: ApiObject): void {
  const schema = context.served.resource.groups[0]?.versions[0]?.schema;
  if (schema === undefined) throw new Error(`${context.served.resource.kind} has no version`);
  const { status } = parts.decode(schema, { value: {} }).object;
  if (status === undefined) delete object.status;
  else object.status = status;
}

async function writeNew(
  parts: StoreParts,
  context: RequestContext,
  next: { readonly stored: ApiObject; readonly bytes: Uint8Array },
): Promise<WriteResult | undefined> {
  const { namespace = '', name = '' } = next.stored.metadata;
  const key = objectKey(parts.resource, namespace, name);
  if (context.dryRun) {
    if ((await parts.driver.get(key)).entry !== undefined) return undefined;
    return { stored: parts.cache.cached(key, 0, next.bytes), created: true };
  }
  const ttlMs = parts.resource.ttlMs?.(next.stored);
  const options = ttlMs === undefined ? undefined : { ttlMs };
  const swap = await parts.driver.compareAndSwap(key, 0, next.bytes, options);
  if (!swap.ok) return undefined;
  return { stored: parts.cache.cached(key, swap.revision, next.bytes), created: true };
}

async function existsAlready(
  parts: StoreParts,
  context: RequestContext,
  name: string,
): Promise<StatusError> {
  const error = alreadyExists(resourceName(context), name);
  const key = objectKey(parts.resource, context.namespace, name);
  const current = await readCurrent(parts, key);
  if (current?.object.metadata.deletionTimestamp === undefined) return error;
  const message = `object is being deleted: ${error.message}`;
  return new StatusError({ ...error.status, message });
}

/** Upstream's store is the one that minds, and only what it can read. */
function isRevision(text: string): boolean {
  return /^\d+$/.test(text) && BigInt(text) > 0n && BigInt(text) < 2n ** 64n;
}

function resourceVersionOnCreate(): StatusError {
  return unexplained('resourceVersion should not be set on objects to be created');
}
