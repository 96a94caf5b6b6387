// Rules of Roles and ClusterRoles: each names verbs and either resources or non-resource URLs.
import type { ClusterRole, Role } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, required } from '../field.ts';

type PolicyRule = NonNullable<Role['rules']>[number];

export function validateRules(role: Role | ClusterRole, namespaced: boolean): FieldError[] {
  return (role.rules ?? []).flatMap((rule, index) =>
    validateRule(rule, namespaced, FieldPath.of('rules').index(index)),
  );
}

function validateRule(rule: PolicyRule, namespaced: boolean, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const urls = rule.nonResourceURLs ?? [];
  if ((rule.verbs ?? []).length === 0) {
    errors.push(required(path.child('verbs'), 'verbs must contain at least one value'));
  }
  if (urls.length > 0) {
    const urlsPath = path.child('nonResourceURLs');
    if (namespaced) {
      const why = 'namespaced rules cannot apply to non-resource URLs';
      errors.push(invalidValue(urlsPath, urls, why));
    }
    const mixed =
      (rule.apiGroups ?? []).length > 0 ||
      (rule.resources ?? []).length > 0 ||
      (rule.resourceNames ?? []).length > 0;
    if (mixed) {
      const why = 'rules cannot apply to both regular resources and non-resource URLs';
      errors.push(invalidValue(urlsPath, urls, why));
    }
    return errors;
  }
  if ((rule.apiGroups ?? []).length === 0) {
    errors.push(
      required(path.child('apiGroups'), 'resource rules must supply at least one api group'),
    );
  }
  if ((rule.resources ?? []).length === 0) {
    errors.push(
      required(path.child('resources'), 'resource rules must supply at least one resource'),
    );
  }
  return errors;
}
