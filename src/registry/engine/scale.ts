// The scale subresource: autoscaling/v1 Scale over any kind that says how its replicas are kept.
import { badRequest, invalid, resourceNotFound } from '../../status.ts';
import type { CachedObject } from '../cache/types.ts';
import { FieldPath, invalidValue } from '../field.ts';
import type { ApiObject, ScaleShape } from '../resource.ts';
import { copyJson } from './json.ts';
import { decodePatched, patcher } from './patch.ts';
import type { StoreParts } from './ports.ts';
import { checkName, checkNamespace } from './request-checks.ts';
import type { PatchRequest, RequestContext } from './types.ts';
import { change } from './update.ts';
import { fromStored, toStored } from './versions.ts';

const scaleSchema = 'io.k8s.api.autoscaling.v1.Scale';

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
  const uid = given.metadata.uid ?? '';
  return writeScale(parts, context, () => copyJson(given), uid === '' ? undefined : uid);
}

/** Patches the scale as it stands at each attempt. */
export async function patchScale(
  parts: StoreParts,
  context: RequestContext,
  request: PatchRequest,
): Promise<Scale> {
  if (request.type === 'apply') {
    // Ownership of a scale lies with the object's own replicas; a merge has the same effect.
    return patchScale(parts, context, { type: 'merge', body: request.body });
  }
  const make = patcher(parts, scaleSchema, request);
  return writeScale(parts, context, (current) => {
    const next = decodePatched(parts, context, scaleSchema, make(current));
    checkScaleType(next);
    checkName(context, next);
    return next;
  });
}

async function writeScale(
  parts: StoreParts,
  context: RequestContext,
  make: (current: Scale) => ApiObject,
  uid?: string,
): Promise<Scale> {
  const shape = shapeOf(context);
  const result = await change(parts, context, {
    createOnUpdate: false,
    ...(uid === undefined ? {} : { uid }),
    change(current) {
      if (current === undefined) throw resourceNotFound();
      const stored = toStored(context, current);
      const scale = make(scaleOf(context, stored, Number(current.metadata.resourceVersion)));
      const replicas = replicasOf(scale);
      const next = copyJson(stored);
      shape.setSpecReplicas(next, replicas);
      const { resourceVersion = '' } = scale.metadata;
      const shown = fromStored(context, next);
      if (resourceVersion === '') delete shown.metadata.resourceVersion;
      else shown.metadata.resourceVersion = resourceVersion;
      return { next: shown, owned: false };
    },
  });
  return scaleOf(context, parts.parsed.parse(result.stored), result.stored.revision);
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

function replicasOf(scale: ApiObject): number {
  const { spec } = scale as Partial<Scale>;
  const replicas = spec?.replicas ?? 0;
  if (replicas >= 0) return replicas;
  const path = FieldPath.of('spec', 'replicas');
  throw invalid({ group: 'autoscaling', kind: 'Scale' }, scale.metadata.name ?? '', [
    invalidValue(path, replicas, 'must be greater than or equal to 0'),
  ]);
}
