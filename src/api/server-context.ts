// Requests that the server makes to itself: past authentication and authorization, not the engine.
import type { FoundResource } from '../registry/engine/resource-registry.ts';
import type { RequestContext } from '../registry/engine/types.ts';
import type { User } from '../registry/resource.ts';

export const serverUser: User = {
  name: 'system:apiserver',
  groups: ['system:masters', 'system:authenticated'],
};

/** The context of a write by the server itself. */
export function serverContext(
  found: FoundResource,
  namespace: string,
  name: string,
  subresource = '',
): RequestContext {
  return {
    user: serverUser,
    served: found.served,
    namespace,
    name,
    subresource,
    dryRun: false,
    fieldManager: 'kube-apiserver',
    fieldValidation: 'Ignore',
    signal: new AbortController().signal,
    warn() {},
  };
}
