// SubjectAccessReview and its kin: asks the authorizer on behalf of whoever is named.
import type { SubjectAccessReview } from '../../objects.ts';
import type { User } from '../../registry/resource.ts';
import type { ReadBody } from '../../registry/schema/read-body.ts';
import { badRequest, invalid } from '../../status.ts';
import type { AuthorizationAttributes, Authorizer } from '../authorization/authorizer.ts';
import type { RbacAuthorizer } from '../authorization/rbac.ts';
import type { SpecialRequest } from '../router.ts';
import { createdAnswer, expectedOf, readCreate } from '../special-body.ts';

interface Parts {
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
  readonly readBody: ReadBody;
}

type Spec = SubjectAccessReview['spec'];
const group = 'authorization.k8s.io';

/** Reviews of any subject; `local` ones are about their own namespace. */
export function subjectAccessReview(parts: Parts, local: boolean): SpecialRequest {
  return async (exchange, found) => {
    const { object } = await readCreate<SubjectAccessReview>(
      exchange,
      parts.readBody,
      expectedOf(found),
    );
    const { spec } = object;
    checkSpec(found.served.resource.kind, spec, true);
    if (local && spec.resourceAttributes?.namespace !== exchange.info.namespace) {
      throw badRequest(
        `spec.resourceAttributes.namespace must match namespace: ${exchange.info.namespace}`,
      );
    }
    const user: User = {
      name: spec.user ?? '',
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      groups: spec.groups ?? [],
      ...(spec.extra === undefined ? {} : { extra: spec.extra }),
    };
    return createdAnswer(exchange, {
      ...object,
      status: await review(parts.authorizer, user, spec),
    });
  };
}

/** Reviews of whoever asks. */
export function selfSubjectAccessReview(parts: Parts): SpecialRequest {
  return async (exchange, found) => {
    const { object } = await readCreate<SubjectAccessReview>(
      exchange,
      parts.readBody,
      expectedOf(found),
    );
    checkSpec(found.served.resource.kind, object.spec, false);
    const status = await review(parts.authorizer, exchange.user, object.spec);
    return createdAnswer(exchange, { ...object, status });
  };
}

async function review(authorizer: Authorizer, user: User, spec: Spec) {
  const decision = await authorizer.authorize(attributesOf(user, spec));
  return {
    allowed: decision.allowed,
    ...(decision.denied === true ? { denied: true } : {}),
    ...(decision.reason === '' ? {} : { reason: decision.reason }),
  };
}

function attributesOf(user: User, spec: Spec): AuthorizationAttributes {
  const resource = spec.resourceAttributes;
  const path = spec.nonResourceAttributes;
  return {
    user,
    verb: resource?.verb ?? path?.verb ?? '',
    isResource: resource !== undefined,
    group: resource?.group ?? '',
    version: resource?.version ?? '',
    namespace: resource?.namespace ?? '',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    name: resource?.name ?? '',
    path: path?.path ?? '',
    ...(resource?.fieldSelector?.rawSelector === undefined
      ? {}
      : { fieldSelector: resource.fieldSelector.rawSelector }),
  };
}

function checkSpec(kind: string, spec: Spec | undefined, withSubject: boolean): void {
  const causes: { reason: string; message: string; field: string }[] = [];
  const add = (field: string, message: string) =>
    causes.push({ reason: 'FieldValueInvalid', message: `Invalid value: ${message}`, field });
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec ?? {};
  if (resource !== undefined && path !== undefined) {
    add(
      'spec.nonResourceAttributes',
      '"": cannot be specified in combination with resourceAttributes',
    );
  }
  if (resource === undefined && path === undefined) {
    add(
      'spec.resourceAttributes',
      'null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  }
  const named = (spec?.user ?? '') !== '' || (spec?.groups ?? []).length > 0;
  if (withSubject && !named)
    add('spec.user', '"": at least one of user or group must be specified');
  if (causes.length > 0) throw invalid({ group, kind }, '', causes);
}

interface RulesReview {
  spec?: { namespace?: string };
}

/** SelfSubjectRulesReview: what RBAC says, `*` for system:masters. */
export function selfSubjectRulesReview(parts: Parts): SpecialRequest {
  return async (exchange, found) => {
    const { object } = await readCreate<RulesReview>(exchange, parts.readBody, expectedOf(found));
    const namespace = object.spec?.namespace ?? '';
    if (namespace === '') throw badRequest('no namespace on request');
    const resourceRules: unknown[] = [];
    const nonResourceRules: unknown[] = [];
    if (exchange.user.groups.includes('system:masters')) {
      resourceRules.push({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] });
      nonResourceRules.push({ verbs: ['*'], nonResourceURLs: ['*'] });
    }
    for (const rule of parts.rbac.rulesFor(exchange.user, namespace)) {
      const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = rule;
      if (resources !== undefined && resources.length > 0) {
        resourceRules.push({
          verbs,
          apiGroups: apiGroups ?? [],
          resources,
          ...(resourceNames === undefined ? {} : { resourceNames }),
        });
      }
      if (nonResourceURLs !== undefined && nonResourceURLs.length > 0) {
        nonResourceRules.push({ verbs, nonResourceURLs });
      }
    }
    const status = { resourceRules, nonResourceRules, incomplete: false };
    return createdAnswer(exchange, { ...object, status });
  };
}
