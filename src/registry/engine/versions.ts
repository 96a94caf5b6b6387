// Moves objects between the stored version and the one a request speaks.
import type { ApiObject } from '../resource.ts';
import type { Current } from './compare-and-swap.ts';
import { copyJson } from './json.ts';
import { groupVersion } from './request-checks.ts';
import type { RequestContext } from './types.ts';

/** A mutable copy of a stored object as the request's version shows it. */
export function presented(context: RequestContext, current: Current): ApiObject {
  const shown = fromStored(context, copyJson(current.object));
  shown.metadata.resourceVersion = String(current.stored.revision);
  return shown;
}

/** An object of the stored version, which may be changed, in the request's version. */
export function fromStored(context: RequestContext, object: ApiObject): ApiObject {
  const shown = context.served.version.fromStorage?.(object) ?? object;
  shown.apiVersion = groupVersion(context);
  shown.kind = context.served.resource.kind;
  return shown;
}

/** An object of the request's version in the stored one. */
export function toStored(context: RequestContext, object: ApiObject): ApiObject {
  return context.served.version.toStorage?.(object) ?? object;
}
