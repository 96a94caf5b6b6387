// Reads a PATCH: its type from the content type, its body, and what each type allows.

import type { PatchRequest } from '../registry/engine/types.ts';
import { FieldPath, forbiddenField, required } from '../registry/field.ts';
import type { Resource } from '../registry/resource.ts';
import { invalid, unsupportedMediaType } from '../status.ts';
import { readBytes } from './body.ts';
import type { WriteQuery } from './query-options.ts';
import type { ApiRequest } from './request.ts';

const types: Readonly<Record<string, PatchRequest['type']>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** @throws StatusError 413, 415, 422 */
export async function patchRequest(
  request: ApiRequest,
  options: WriteQuery,
  resource: Resource,
): Promise<PatchRequest> {
  const [given = ''] = (request.headers['content-type'] ?? '').split(';');
  const type = types[given.trim().toLowerCase()];
  if (type === undefined || (type === 'strategic' && resource.custom === true)) {
    const accepted = Object.keys(types).filter(
      (each) => resource.custom !== true || types[each] !== 'strategic',
    );
    throw unsupportedMediaType(accepted);
  }
  const kind = { group: 'meta.k8s.io', kind: 'PatchOptions' };
  if (type === 'apply') {
    // The manager of an apply is asked for; a user agent would not be the same one next time.
    const body = await readBytes(request);
    if (!new URLSearchParams(request.url.split('?')[1] ?? '').get('fieldManager')) {
      throw invalid(kind, '', [
        required(FieldPath.of('fieldManager'), 'is required for apply patch'),
      ]);
    }
    return { type, body, force: options.force ?? false };
  }
  if (options.force !== undefined) {
    throw invalid(kind, '', [
      forbiddenField(FieldPath.of('force'), 'may not be specified for non-apply patch'),
    ]);
  }
  return { type, body: await readBytes(request) };
}
