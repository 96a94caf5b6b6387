// The explicit list of what answers virtual resources and subresources that are actions or streams.
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { ResourceRegistry } from '../registry/engine/resource-registry.ts';
import type { Admission } from '../registry/engine/types.ts';
import type { ReadBody } from '../registry/schema/read-body.ts';
import type { Driver } from '../storage/driver.ts';
import type { Authenticator } from './authentication/authenticator.ts';
import type { ServiceAccountTokens } from './authentication/service-account-tokens.ts';
import type { Authorizer } from './authorization/authorizer.ts';
import type { RbacAuthorizer } from './authorization/rbac.ts';
import type { Dialer } from './dialer.ts';
import type { ObjectReader } from './object-reader.ts';
import type { SpecialRequest } from './router.ts';
import { podBinding } from './subresources/pod-binding.ts';
import { podEviction } from './subresources/pod-eviction.ts';
import { podLog } from './subresources/pod-log.ts';
import { podStream } from './subresources/pod-stream.ts';
import { nodeProxy, podProxy, serviceProxy } from './subresources/proxy.ts';
import { serviceAccountToken } from './subresources/service-account-token.ts';
import {
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
} from './virtual/access-reviews.ts';
import { componentStatuses } from './virtual/component-statuses.ts';
import { selfSubjectReview, tokenReview } from './virtual/identity-reviews.ts';

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
  readonly random: Random;
  readonly dialer: Dialer | undefined;
  readonly driver: Driver;
  readonly ownComponents: readonly string[];
}

/** Keyed as the router looks them up. */
export function specialRequests(parts: SpecialParts): ReadonlyMap<string, SpecialRequest> {
  const authorization = 'authorization.k8s.io';
  return new Map<string, SpecialRequest>([
    ['authentication.k8s.io/tokenreviews', tokenReview(parts)],
    ['authentication.k8s.io/selfsubjectreviews', selfSubjectReview(parts)],
    [`${authorization}/subjectaccessreviews`, subjectAccessReview(parts, false)],
    [`${authorization}/localsubjectaccessreviews`, subjectAccessReview(parts, true)],
    [`${authorization}/selfsubjectaccessreviews`, selfSubjectAccessReview(parts)],
    [`${authorization}/selfsubjectrulesreviews`, selfSubjectRulesReview(parts)],
    ['/componentstatuses', componentStatuses(parts)],
    ['/serviceaccounts/token', serviceAccountToken(parts)],
    ['/bindings', podBinding(parts)],
    ['/pods/binding', podBinding(parts)],
    ['/pods/eviction', podEviction(parts)],
    ['/pods/log', podLog(parts)],
    ['/pods/exec', podStream(parts, 'exec')],
    ['/pods/attach', podStream(parts, 'attach')],
    ['/pods/portforward', podStream(parts, 'portforward')],
    ['/nodes/proxy', nodeProxy(parts)],
    ['/pods/proxy', podProxy(parts)],
    ['/services/proxy', serviceProxy(parts)],
  ]);
}
