// The scale subresource: autoscaling/v1 Scale over any kind that says how its replicas are kept.
import { badRequest, conflict, invalid, notFound, resourceNotFound } from '../../status.ts';
import type { CachedObject } from '../cache/types.ts';
import { FieldPath, invalidValue } from '../field.ts';
import { type ReplicasPath, scaleOwners, workloadOwners } from '../patch/scale-owners.ts';
import type { ApiObject, Resource, ScaleShape } from '../resource.ts';
import { copyJson } from './json.ts';
import { patcher, readConfiguration } from './patch.ts';
import { decodePatched } from './patched.ts';
import type { OwnershipInput, StoreParts } from './ports.ts';
import { checkName, checkNamespace, groupVersion, resourceName } from './request-checks.ts';
import type { PatchRequest, RequestContext, ServedResource } from './types.ts';
import { change } from './update.ts';
import { fromStored, toStored } from './versions.ts';

const scaleSchema = 'io.k8s.api.autoscaling.v1.Scale';
const scaleType = { schema: scaleSchema, apiVersion: 'autoscaling/v1', kind: 'Scale' };
const scaleVersion = { version: 'v1', schema: scaleSchema };

/** A scale is stored nowhere, but applied and owned as if it were. */
const scaleResource: Resource = {
  kind: 'Scale',
  plural: 'scales',
  singular: 'scale',
  namespaced: true,
  groups: [{ group: 'autoscaling', versions: [scaleVersion] }],
};
const scaleServed: ServedResource = {
  resource: scaleResource,
  group: 'autoscaling',
  version: scaleVersion,
};

/** autoscaling/v1 Scale. */
export interface Scale extends ApiObject {
  apiVersion: 'autoscaling/v1';
  kind: 'Scale';
  spec: { replicas?: number };
  status: { replicas: number; selector?: string };
}

function shapeOf(context: RequestContext): ScaleShape<ApiObject> {
  const { scale } = context.served.resource;
  if (scale === undefined) throw resourceNotFound();
  return scale;
}

export function getScale(parts: StoreParts, context: RequestContext, stored: CachedObject): Scale {
  return scaleOf(context, parts.parsed.parse(stored), stored.revision);
}

function scaleOf(context: RequestContext, object: ApiObject, revision: number): Scale {
  const shape = shapeOf(context);
  const { name = '', namespace, uid, creationTimestamp } = object.metadata;
  const replicas = shape.specReplicas(object);
  const selector = shape.selector(object);
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      resourceVersion: String(revision),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: shape.statusReplicas(object), ...(selector === '' ? {} : { selector }) },
  };
}

/** Replaces the scale; `scale` is decoded. */
export async function updateScale(
  parts: StoreParts,
  context: RequestContext,
  scale: ApiObject,
): Promise<Scale> {
  const given = copyJson(scale);
  checkScaleType(given);
  checkNamespace(context, given);
  checkName(context, given);
  return writeScale(parts, context, (current) => updated(parts, context, current, copyJson(given)));
}

/** Patches the scale as it stands at each attempt. */
export async function patchScale(
  parts: StoreParts,
  context: RequestContext,
  request: PatchRequest,
): Promise<Scale> {
  if (request.type === 'apply') {
    const { body, force } = request;
    const asked = { ...context, served: scaleServed };
    const { configuration } = await readConfiguration(asked, body);
    const options = { force, warn: (message: string) => context.warn(message) };
    return writeScale(parts, context, (current) =>
      parts.ownership.apply(ownershipOf(context, current), configuration, options),
    );
  }
  const make = patcher(parts, scaleSchema, request);
  return writeScale(parts, context, (current) => {
    const next = decodePatched(parts, context, scaleType, make(current));
    checkName(context, next);
    return updated(parts, context, current, next);
  });
}

/** A scale has managedFields of its own, which are worked out as those of any object. */
function ownershipOf(context: RequestContext, live: Scale): OwnershipInput {
  const { subresource, fieldManager: manager } = context;
  return { served: scaleServed, subresource, manager, live, resetFields: [] };
}

function updated(
  parts: StoreParts,
  context: RequestContext,
  current: Scale,
  next: ApiObject,
): ApiObject {
  parts.ownership.update(ownershipOf(context, current), next);
  return next;
}

/** Every version of the built-in kinds keeps its replicas in the same place. */
function replicasPathOf(context: RequestContext): ReplicasPath {
  const { groups } = context.served.resource;
  const known = new Set(
    groups.flatMap(({ group, versions }) =>
      versions.map(({ version }) => (group === '' ? version : `${group}/${version}`)),
    ),
  );
  return (apiVersion) => (known.has(apiVersion) ? ['spec', 'replicas'] : undefined);
}

async function writeScale(
  parts: StoreParts,
  context: RequestContext,
  make: (current: Scale) => ApiObject,
): Promise<Scale> {
  const shape = shapeOf(context);
  const replicasPath = replicasPathOf(context);
  const { group, resource } = resourceName(context);
  const named = { group, resource: `${resource}/scale` };
  const result = await change(parts, context, {
    createOnUpdate: false,
    missing: () => notFound(named, context.name),
    change(current) {
      if (current === undefined) throw notFound(named, context.name);
      const { managedFields: entries, resourceVersion: revision } = current.metadata;
      const stored = toStored(context, current);
      const live = scaleOf(context, stored, Number(revision));
      live.metadata.managedFields = scaleOwners(entries, replicasPath);
      const scale = make(live);
      const replicas = replicasOf(scale, context.name);
      checkUid(scale, stored, named, context.name);
      const next = copyJson(stored);
      shape.setSpecReplicas(next, replicas);
      const shown = fromStored(context, next);
      const { resourceVersion = '', managedFields } = scale.metadata;
      if (resourceVersion === '') delete shown.metadata.resourceVersion;
      else shown.metadata.resourceVersion = resourceVersion;
      const version = groupVersion(context);
      const owners = workloadOwners(entries, managedFields, version, replicasPath);
      if (owners.length === 0) delete shown.metadata.managedFields;
      else shown.metadata.managedFields = owners;
      return { next: shown, owned: true };
    },
  });
  return scaleOf(context, parts.parsed.parse(result.stored), result.stored.revision);
}

function checkUid(
  scale: ApiObject,
  stored: ApiObject,
  named: { readonly group: string; readonly resource: string },
  name: string,
): void {
  const asked = scale.metadata.uid ?? '';
  const { uid = '' } = stored.metadata;
  if (asked === '' || asked === uid) return;
  const why = `UID in precondition: ${asked}, UID in object meta: ${uid}`;
  throw conflict(named, name, `Precondition failed: ${why}`);
}

function checkScaleType(scale: ApiObject): void {
  const { apiVersion = '', kind = '' } = scale;
  if (kind !== '' && kind !== 'Scale') {
    throw badRequest(`expected input object type to be Scale, but ${kind}`);
  }
  if (apiVersion !== '' && apiVersion !== 'autoscaling/v1') {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version ` +
        '(autoscaling/v1)',
    );
  }
}

function replicasOf(scale: ApiObject, name: string): number {
  const { spec } = scale as Partial<Scale>;
  const replicas = spec?.replicas ?? 0;
  if (replicas >= 0) return replicas;
  const path = FieldPath.of('spec', 'replicas');
  throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, [
    invalidValue(path, replicas, 'must be greater than or equal to 0'),
  ]);
}
