// Reads a PATCH: its type from the content type, its body, and what each type allows.

import type { PatchRequest } from '../registry/engine/types.ts';
import type { Resource } from '../registry/resource.ts';
import { unsupportedMediaType } from '../status.ts';
import { readBytes } from './body.ts';
import type { WriteQuery } from './query-options.ts';
import type { ApiRequest } from './request.ts';

const types: Readonly<Record<string, PatchRequest['type']>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** @throws StatusError 415 */
export function patchType(request: ApiRequest, resource: Resource): PatchRequest['type'] {
  const [given = ''] = (request.headers['content-type'] ?? '').split(';');
  const type = types[given.trim().toLowerCase()];
  if (type === undefined || (type === 'strategic' && resource.custom === true)) {
    const accepted = Object.keys(types).filter(
      (each) => resource.custom !== true || types[each] !== 'strategic',
    );
    throw unsupportedMediaType(accepted);
  }
  return type;
}

/** @throws StatusError 413 */
export async function patchRequest(
  request: ApiRequest,
  type: PatchRequest['type'],
  options: WriteQuery,
): Promise<PatchRequest> {
  const body = await readBytes(request);
  return type === 'apply' ? { type, body, force: options.force ?? false } : { type, body };
}
