// Checks what policies and bindings match: resources, conditions, and the kind of their parameters.
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../field.ts';
import {
  validateDns1035Label,
  validateDns1123Subdomain,
  validatePathSegmentName,
  validateQualifiedName,
} from '../metadata/names.ts';
import { validateLabelSelector } from '../selector-validation.ts';
import { validateExpression } from './expression.ts';
import { defaultRules, validateNamedRule } from './rule-validation.ts';
import type { MatchCondition, MatchResources, ParamKind, ParamRef } from './types.ts';

export const matchPolicies: readonly string[] = ['Equivalent', 'Exact'];
export const failurePolicies: readonly string[] = ['Fail', 'Ignore'];
const matchConditionsMax = 64;
const notFoundActions = ['Deny', 'Allow'];

export function defaultMatchResources(match: MatchResources | undefined): void {
  if (match === undefined) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  defaultRules(match.resourceRules);
  defaultRules(match.excludeResourceRules);
}

export function validateMatchResources(
  match: MatchResources | undefined,
  path: FieldPath,
): readonly FieldError[] {
  if (match === undefined) return [];
  const errors: FieldError[] = [];
  const { matchPolicy } = match;
  if (matchPolicy === undefined) errors.push(required(path.child('matchPolicy')));
  else if (!matchPolicies.includes(matchPolicy)) {
    errors.push(notSupported(path.child('matchPolicy'), matchPolicy, matchPolicies));
  }
  for (const name of ['namespaceSelector', 'objectSelector'] as const) {
    const selector = match[name];
    if (selector === undefined) errors.push(required(path.child(name)));
    else errors.push(...validateLabelSelector(selector, path.child(name)));
  }
  for (const name of ['resourceRules', 'excludeResourceRules'] as const) {
    (match[name] ?? []).forEach((rule, index) => {
      errors.push(...validateNamedRule(rule, path.child(name).index(index)));
    });
  }
  return errors;
}

/** `params`: the expressions may use the policy's parameters. */
export function validateMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  params: boolean,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const given = conditions ?? [];
  if (given.length > matchConditionsMax) {
    errors.push(tooMany(path, given.length, matchConditionsMax));
  }
  const names = new Set<string>();
  given.forEach(({ name, expression }, index) => {
    const at = path.index(index);
    const trimmed = expression.trim();
    if (trimmed === '') errors.push(required(at.child('expression')));
    else {
      const scope = { params, authorizer: true };
      errors.push(...validateExpression(trimmed, scope, at.child('expression')));
    }
    if (name === '') {
      errors.push(required(at.child('name')));
      return;
    }
    for (const message of validateQualifiedName(name)) {
      errors.push(invalidValue(at.child('name'), name, message));
    }
    if (names.has(name)) errors.push(duplicate(at.child('name'), name));
    names.add(name);
  });
  return errors;
}

export function validateParamKind(kind: ParamKind, path: FieldPath): readonly FieldError[] {
  const errors: FieldError[] = [...validateApiVersion(kind.apiVersion ?? '', path)];
  const name = kind.kind ?? '';
  if (name === '') return [...errors, required(path.child('kind'))];
  const messages = validateDns1035Label(name.toLowerCase());
  if (messages.length > 0) {
    const why = `may have mixed case, but should otherwise match: ${messages.join(',')}`;
    errors.push(invalidValue(path.child('kind'), name, why));
  }
  return errors;
}

function validateApiVersion(apiVersion: string, path: FieldPath): readonly FieldError[] {
  const at = path.child('apiVersion');
  if (apiVersion === '') return [required(at)];
  const parts = apiVersion === '/' ? ['', ''] : apiVersion.split('/');
  if (parts.length > 2) {
    return [invalidValue(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)];
  }
  const errors: FieldError[] = [];
  const [group = '', version = ''] = parts.length === 1 ? ['', ...parts] : parts;
  if (group !== '') {
    const messages = validateDns1123Subdomain(group);
    if (messages.length > 0) errors.push(invalidValue(at, group, messages.join(',')));
  }
  if (version === '') return [...errors, invalidValue(at, apiVersion, 'version must be specified')];
  const messages = validateDns1035Label(version);
  if (messages.length > 0) errors.push(invalidValue(at, version, messages.join(',')));
  return errors;
}

export function validateParamRef(
  ref: ParamRef | undefined,
  path: FieldPath,
): readonly FieldError[] {
  if (ref === undefined) return [];
  const errors: FieldError[] = [];
  const { name = '', selector, parameterNotFoundAction: action = '' } = ref;
  const exclusive = 'name and selector are mutually exclusive';
  for (const message of validatePathSegmentName(name)) {
    errors.push(invalidValue(path.child('name'), name, message));
  }
  if (selector !== undefined) {
    if (name !== '') errors.push(forbiddenField(path.child('name'), exclusive));
    errors.push(...validateLabelSelector(selector, path.child('selector')));
    if (name !== '') errors.push(forbiddenField(path.child('selector'), exclusive));
  } else if (name === '') {
    errors.push(required(path, 'one of name or selector must be specified'));
  }
  const actionPath = path.child('parameterNotFoundAction');
  if (action === '') errors.push(required(actionPath));
  else if (!notFoundActions.includes(action)) {
    errors.push(notSupported(actionPath, action, notFoundActions));
  }
  return errors;
}
