// The explicit list of what answers virtual resources and subresources that are actions or streams.
import type { Clock } from '../clock.ts';
import type { ResourceRegistry } from '../registry/engine/resource-registry.ts';
import type { Admission } from '../registry/engine/types.ts';
import type { ReadBody } from '../registry/schema/read-body.ts';
import type { Authenticator } from './authentication/authenticator.ts';
import type { ServiceAccountTokens } from './authentication/service-account-tokens.ts';
import type { Authorizer } from './authorization/authorizer.ts';
import type { RbacAuthorizer } from './authorization/rbac.ts';
import type { Dialer } from './dialer.ts';
import type { ObjectReader } from './object-reader.ts';
import type { SpecialRequest } from './router.ts';

export interface SpecialParts {
  readonly registry: ResourceRegistry;
  readonly objects: ObjectReader;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
  readonly tokens: ServiceAccountTokens;
  readonly admission: Admission;
  readonly readBody: ReadBody;
  readonly clock: Clock;
  readonly dialer: Dialer | undefined;
}

export function specialRequests(_parts: SpecialParts): ReadonlyMap<string, SpecialRequest> {
  return new Map<string, SpecialRequest>();
}
