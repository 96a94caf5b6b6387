// Whether a user may do something: a chain of authorizers, the first that knows decides.
import type { User } from '../../registry/resource.ts';
import { forbidden, StatusError } from '../../status.ts';
import type { RequestInfo } from '../request-info.ts';

/** What is asked, in the terms of SubjectAccessReview. */
export interface AuthorizationAttributes {
  readonly user: User;
  readonly verb: string;
  /** False: `path` counts, and nothing of a resource. */
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly path: string;
  /** Of a list or watch, as the client wrote it; nodes may list only the pods bound to them. */
  readonly fieldSelector?: string;
}

export interface Decision {
  readonly allowed: boolean;
  /** An explicit no ends the chain. */
  readonly denied?: boolean;
  readonly reason: string;
}

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Decision | Promise<Decision>;
}

const noOpinion: Decision = { allowed: false, reason: '' };
const mastersAllowed: Decision = { allowed: true, reason: '' };

/** Members of `system:masters` may do everything. */
export const mastersAuthorizer: Authorizer = {
  authorize: ({ user }) => (user.groups.includes('system:masters') ? mastersAllowed : noOpinion),
};

export function authorizerChain(authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes) {
      const reasons: string[] = [];
      for (const each of authorizers) {
        const answer = each.authorize(attributes);
        const decision = answer instanceof Promise ? await answer : answer;
        if (decision.allowed || decision.denied === true) return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
      }
      return { allowed: false, reason: reasons.join('\n') };
    },
  };
}

export function attributesOf(user: User, info: RequestInfo): AuthorizationAttributes {
  return {
    user,
    verb: info.verb,
    isResource: info.isResource,
    group: info.group,
    version: info.version,
    namespace: info.namespace,
    resource: info.resource,
    subresource: info.subresource,
    name: info.name,
    path: info.path,
    ...(info.verb === 'list' || info.verb === 'watch' || info.verb === 'deletecollection'
      ? { fieldSelector: info.query.get('fieldSelector') ?? '' }
      : {}),
  };
}

/** Upstream's 403 with the sentence that says who may not do what. */
export function denial(attributes: AuthorizationAttributes, reason: string): StatusError {
  const why = denialMessage(attributes) + (reason === '' ? '' : `: ${reason}`);
  if (!attributes.isResource) {
    return new StatusError({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `forbidden: ${why}`,
      reason: 'Forbidden',
      details: {},
      code: 403,
    });
  }
  return forbidden(
    { group: attributes.group, resource: attributes.resource },
    attributes.name,
    why,
  );
}

function denialMessage(attributes: AuthorizationAttributes): string {
  const user = JSON.stringify(attributes.user.name);
  const { verb, path, resource, subresource, group, namespace } = attributes;
  if (!attributes.isResource) return `User ${user} cannot ${verb} path ${JSON.stringify(path)}`;
  const what = JSON.stringify(subresource === '' ? resource : `${resource}/${subresource}`);
  const where =
    namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return `User ${user} cannot ${verb} resource ${what} in API group ${JSON.stringify(group)} ${where}`;
}
