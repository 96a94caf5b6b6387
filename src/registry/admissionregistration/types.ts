// The parts that webhooks and policies share, named as the API's own documentation names them.
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingWebhookConfiguration,
} from '../../objects.ts';

type Item<T> = NonNullable<T> extends readonly (infer I)[] ? I : never;

export type ValidatingWebhook = Item<ValidatingWebhookConfiguration['webhooks']>;
export type MutatingWebhook = Item<MutatingWebhookConfiguration['webhooks']>;
export type WebhookClientConfig = ValidatingWebhook['clientConfig'];
export type RuleWithOperations = Item<ValidatingWebhook['rules']>;
export type ValidatingSpec = NonNullable<ValidatingAdmissionPolicy['spec']>;
export type MutatingSpec = NonNullable<MutatingAdmissionPolicy['spec']>;
export type MatchResources = NonNullable<ValidatingSpec['matchConstraints']>;
export type NamedRuleWithOperations = Item<MatchResources['resourceRules']>;
export type MatchCondition = Item<ValidatingSpec['matchConditions']>;
export type ParamKind = NonNullable<ValidatingSpec['paramKind']>;
export type ParamRef = NonNullable<NonNullable<MutatingAdmissionPolicyBinding['spec']>['paramRef']>;
export type Variable = Item<ValidatingSpec['variables']>;
export type Validation = Item<ValidatingSpec['validations']>;
export type AuditAnnotation = Item<ValidatingSpec['auditAnnotations']>;
export type Mutation = Item<MutatingSpec['mutations']>;
