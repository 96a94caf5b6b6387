// Defaults and checks of webhooks, validating and mutating alike.
import {
  duplicate,
  type FieldError,
  FieldPath,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validateDns1035Label, validateDns1123Subdomain } from '../metadata/names.ts';
import { validateLabelSelector } from '../selector-validation.ts';
import { failurePolicies, matchPolicies, validateMatchConditions } from './match-validation.ts';
import { defaultRules, validateRuleWithOperations } from './rule-validation.ts';
import type { MutatingWebhook, ValidatingWebhook } from './types.ts';
import { validateWebhookClient } from './webhook-client-validation.ts';

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

const sideEffectClasses = ['None', 'NoneOnDryRun'];
export const reinvocationPolicies: readonly string[] = ['IfNeeded', 'Never'];
const reviewVersions = ['v1', 'v1beta1'];

export function defaultWebhook(webhook: Webhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  if (webhook.clientConfig?.service !== undefined) webhook.clientConfig.service.port ??= 443;
  defaultRules(webhook.rules);
}

/** Every webhook of a configuration; their names are unique. */
export function validateWebhooks(webhooks: readonly Webhook[] | undefined): readonly FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  (webhooks ?? []).forEach((webhook, index) => {
    const path = FieldPath.of('webhooks').index(index);
    errors.push(...validateWebhook(webhook, path));
    const versions = webhook.admissionReviewVersions ?? [];
    errors.push(...validateReviewVersions(versions, path.child('admissionReviewVersions')));
    const name = webhook.name ?? '';
    if (name === '') return;
    if (names.has(name)) errors.push(duplicate(path.child('name'), name));
    names.add(name);
  });
  return errors;
}

function validateWebhook(webhook: Webhook, path: FieldPath): readonly FieldError[] {
  const errors: FieldError[] = [...validateWebhookName(webhook.name ?? '', path.child('name'))];
  const oneOf = (name: keyof Webhook, allowed: readonly string[]) => {
    const value = webhook[name];
    if (value === undefined || value === null || allowed.includes(String(value))) return;
    errors.push(notSupported(path.child(name), value, allowed));
  };
  (webhook.rules ?? []).forEach((rule, index) => {
    errors.push(...validateRuleWithOperations(rule, path.child('rules').index(index)));
  });
  oneOf('failurePolicy', failurePolicies);
  oneOf('matchPolicy', matchPolicies);
  // Go writes this pointer when it is nil, too.
  if ((webhook.sideEffects ?? null) === null) {
    const why = `must specify one of ${sideEffectClasses.join(', ')}`;
    errors.push(required(path.child('sideEffects'), why));
  }
  oneOf('sideEffects', sideEffectClasses);
  const { timeoutSeconds } = webhook;
  if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > 30)) {
    const why = 'the timeout value must be between 1 and 30 seconds';
    errors.push(invalidValue(path.child('timeoutSeconds'), timeoutSeconds, why));
  }
  for (const name of ['namespaceSelector', 'objectSelector'] as const) {
    errors.push(...validateLabelSelector(webhook[name], path.child(name)));
  }
  oneOf('reinvocationPolicy', reinvocationPolicies);
  errors.push(...validateWebhookClient(webhook.clientConfig ?? {}, path.child('clientConfig')));
  const conditions = path.child('matchConditions');
  errors.push(...validateMatchConditions(webhook.matchConditions, false, conditions));
  return errors;
}

/** A domain of at least three segments. */
function validateWebhookName(name: string, path: FieldPath): readonly FieldError[] {
  if (name === '') return [required(path)];
  const messages = validateDns1123Subdomain(name);
  if (messages.length > 0) return [invalidValue(path, name, messages.join(','))];
  if (name.split('.').length >= 3) return [];
  const why = 'should be a domain with at least three segments separated by dots';
  return [invalidValue(path, name, why)];
}

function validateReviewVersions(
  versions: readonly string[],
  path: FieldPath,
): readonly FieldError[] {
  const known = reviewVersions.join(', ');
  if (versions.length === 0) return [required(path, `must specify one of ${known}`)];
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  versions.forEach((version, index) => {
    if (seen.has(version)) {
      errors.push(invalidValue(path.index(index), version, 'duplicate version'));
      return;
    }
    seen.add(version);
    for (const message of validateDns1035Label(version)) {
      errors.push(invalidValue(path.index(index), version, message));
    }
  });
  if (!reviewVersions.some((version) => seen.has(version))) {
    errors.push(invalidValue(path, versions, `must include at least one of ${known}`));
  }
  return errors;
}
