// SubjectAccessReview and its kin: asks the authorizer on behalf of whoever is named.
import type { SubjectAccessReview } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue } from '../../registry/field.ts';
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
    checkReview(object, { withSubject: true, local });
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
    checkReview(object, { withSubject: false, local: false });
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

type ReviewRules = { readonly withSubject: boolean; readonly local: boolean };

/** Upstream's validation; it names no kind, for its internal objects have lost theirs. */
function checkReview(review: SubjectAccessReview, { withSubject, local }: ReviewRules): void {
  const { spec } = review;
  const at = FieldPath.of('spec');
  const errors: FieldError[] = [];
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (resource !== undefined && path !== undefined) {
    const why = 'cannot be specified in combination with resourceAttributes';
    errors.push(invalidValue(at.child('nonResourceAttributes'), path, why));
  }
  if (resource === undefined && path === undefined) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    errors.push(invalidValue(at.child('resourceAttributes'), null, why));
  }
  const named = (spec.user ?? '') !== '' || (spec.groups ?? []).length > 0;
  if (withSubject && !named) {
    const why = 'at least one of user or group must be specified';
    errors.push(invalidValue(at.child('user'), spec.user ?? '', why));
  }
  const { namespace, managedFields: _ownership, ...metadata } = review.metadata ?? {};
  const stated = local ? metadata : { ...metadata, ...(namespace ? { namespace } : {}) };
  if (Object.values(stated).some((value) => value !== undefined && value !== null)) {
    const why = local ? 'must be empty except for namespace' : 'must be empty';
    errors.push(invalidValue(FieldPath.of('metadata'), review.metadata, why));
  }
  if (local) errors.push(...checkLocal(spec, namespace ?? ''));
  if (errors.length > 0) throw invalid({ group, kind: '' }, '', errors);
}

function checkLocal({ resourceAttributes, nonResourceAttributes }: Spec, own: string) {
  const errors: FieldError[] = [];
  const namespace = resourceAttributes?.namespace ?? '';
  if (resourceAttributes !== undefined && namespace !== own) {
    const path = FieldPath.of('spec.resourceAttributes.namespace');
    errors.push(invalidValue(path, namespace, 'must match metadata.namespace'));
  }
  if (nonResourceAttributes !== undefined) {
    const path = FieldPath.of('spec.nonResourceAttributes');
    errors.push(invalidValue(path, nonResourceAttributes, 'disallowed on this kind of request'));
  }
  return errors;
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
