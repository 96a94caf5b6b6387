// Checks the rules that say which requests a webhook or a policy wants to see.
import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validatePathSegmentName } from '../metadata/names.ts';
import type { NamedRuleWithOperations, RuleWithOperations } from './types.ts';

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const scopes = ['*', 'Cluster', 'Namespaced'];

/** A rule's scope is everything unless it says so. */
export function defaultRules(rules: readonly RuleWithOperations[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*';
}

export function validateRuleWithOperations(
  rule: RuleWithOperations,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const given = rule.operations ?? [];
  const at = path.child('operations');
  if (given.length === 0) errors.push(required(at));
  errors.push(...validateLoneStar(given, at, 'operations'));
  given.forEach((operation, index) => {
    if (!operations.includes(operation)) {
      errors.push(notSupported(at.index(index), operation, operations));
    }
  });
  return [...errors, ...validateRule(rule, path)];
}

/** The same with names of objects, each once. */
export function validateNamedRule(
  rule: NamedRuleWithOperations,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  (rule.resourceNames ?? []).forEach((name, index) => {
    const at = path.child('resourceNames').index(index);
    for (const message of validatePathSegmentName(name)) {
      errors.push(invalidValue(at, name, message));
    }
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
  });
  return [...errors, ...validateRuleWithOperations(rule, path)];
}

function validateRule(rule: RuleWithOperations, path: FieldPath): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  if (apiGroups.length === 0) errors.push(required(path.child('apiGroups')));
  errors.push(...validateLoneStar(apiGroups, path.child('apiGroups'), 'API groups'));
  const versionsPath = path.child('apiVersions');
  if (apiVersions.length === 0) errors.push(required(versionsPath));
  errors.push(...validateLoneStar(apiVersions, versionsPath, 'API versions'));
  apiVersions.forEach((version, index) => {
    if (version === '') errors.push(required(versionsPath.index(index)));
  });
  errors.push(...validateResources(resources, path.child('resources')));
  if (scope !== undefined && !scopes.includes(scope)) {
    errors.push(notSupported(path.child('scope'), scope, scopes));
  }
  return errors;
}

function validateLoneStar(
  given: readonly string[],
  path: FieldPath,
  others: string,
): readonly FieldError[] {
  if (given.length <= 1 || !given.includes('*')) return [];
  return [invalidValue(path, given, `if '*' is present, must not specify other ${others}`)];
}

/** `pods`, `pods/status`, `pods/*`, a star with `/scale`, two stars, and a lone one. */
function validateResources(resources: readonly string[], path: FieldPath): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (resources.length === 0) errors.push(required(path));
  const allSubresourcesOf = new Set<string>();
  const ofAllResources = new Set<string>();
  // As upstream: only the last entry without a subresource counts.
  let plain = false;
  resources.forEach((entry, index) => {
    const at = path.index(index);
    if (entry === '') {
      errors.push(required(at));
      return;
    }
    const slash = entry.indexOf('/');
    if (slash < 0) {
      plain = entry !== '*';
      return;
    }
    const [resource, sub] = [entry.slice(0, slash), entry.slice(slash + 1)];
    if (allSubresourcesOf.has(resource)) {
      const why = `if '${resource}/*' is present, must not specify ${entry}`;
      errors.push(invalidValue(at, entry, why));
    }
    if (ofAllResources.has(sub)) {
      errors.push(invalidValue(at, entry, `if '*/${sub}' is present, must not specify ${entry}`));
    }
    if (sub === '*') allSubresourcesOf.add(resource);
    if (resource === '*') ofAllResources.add(sub);
  });
  if (resources.length > 1 && resources.includes('*/*')) {
    const why = "if '*/*' is present, must not specify other resources";
    errors.push(invalidValue(path, resources, why));
  }
  if (resources.includes('*') && plain) {
    const why = "if '*' is present, must not specify other resources without subresources";
    errors.push(invalidValue(path, resources, why));
  }
  return errors;
}
