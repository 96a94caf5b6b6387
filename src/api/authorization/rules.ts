// RBAC rules: whether one covers a request, and whether a set of rules covers another rule.
import type { ClusterRole } from '../../objects.ts';
import type { AuthorizationAttributes } from './authorizer.ts';

export type PolicyRule = NonNullable<ClusterRole['rules']>[number];

function has(values: readonly string[] | undefined, value: string): boolean {
  return values !== undefined && (values.includes('*') || values.includes(value));
}

/** Whether `rule` allows the request (rbac.authorization.k8s.io, RuleAllows). */
export function ruleAllows(rule: PolicyRule, attributes: AuthorizationAttributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  if (!attributes.isResource) {
    return (rule.nonResourceURLs ?? []).some((url) => urlCovers(url, attributes.path));
  }
  return (
    has(rule.apiGroups, attributes.group) &&
    resourceMatches(rule.resources ?? [], attributes.resource, attributes.subresource) &&
    nameMatches(rule.resourceNames, attributes.name)
  );
}

function nameMatches(names: readonly string[] | undefined, name: string): boolean {
  return names === undefined || names.length === 0 || names.includes(name);
}

/** `*` is all; no wildcard names one resource, but `*\/scale` covers that subresource of everything. */
function resourceMatches(rules: readonly string[], resource: string, subresource: string): boolean {
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  return rules.some(
    (each) => each === '*' || each === whole || (subresource !== '' && each === `*/${subresource}`),
  );
}

function urlCovers(rule: string, path: string): boolean {
  if (rule === '*' || rule === path) return true;
  return rule.endsWith('*') && path.startsWith(rule.slice(0, -1));
}

/** Rules that `owned` does not cover, broken down to single verbs and resources. */
export function uncoveredRules(
  owned: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): readonly PolicyRule[] {
  return wanted
    .flatMap(breakDown)
    .filter((simple) => !owned.some((rule) => coversSimple(rule, simple)));
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const simple: PolicyRule[] = [];
  for (const verb of rule.verbs) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const base = { verbs: [verb], apiGroups: [group], resources: [resource] };
        const names = rule.resourceNames ?? [];
        if (names.length === 0) simple.push(base);
        for (const name of names) simple.push({ ...base, resourceNames: [name] });
      }
    }
    for (const url of rule.nonResourceURLs ?? [])
      simple.push({ verbs: [verb], nonResourceURLs: [url] });
  }
  return simple;
}

function coversSimple(rule: PolicyRule, simple: PolicyRule): boolean {
  const [verb = ''] = simple.verbs;
  if (!has(rule.verbs, verb)) return false;
  const [url] = simple.nonResourceURLs ?? [];
  if (url !== undefined) return (rule.nonResourceURLs ?? []).some((each) => urlCovers(each, url));
  const [group = ''] = simple.apiGroups ?? [];
  const [wanted = ''] = simple.resources ?? [];
  const [resource = '', subresource = ''] = wanted.split('/');
  if (!has(rule.apiGroups, group)) return false;
  if (!resourceMatches(rule.resources ?? [], resource, subresource)) return false;
  const names = rule.resourceNames ?? [];
  const [name] = simple.resourceNames ?? [];
  return names.length === 0 || (name !== undefined && names.includes(name));
}

/** A rule as upstream prints it in messages: `{APIGroups:["apps"], Resources:["deployments"], …}`. */
export function describeRule(rule: PolicyRule): string {
  const list = (values: readonly string[]) =>
    `[${values.map((each) => JSON.stringify(each)).join(' ')}]`;
  const parts = [
    ...(rule.apiGroups?.length ? [`APIGroups:${list(rule.apiGroups)}`] : []),
    ...(rule.resources?.length ? [`Resources:${list(rule.resources)}`] : []),
    ...(rule.nonResourceURLs?.length ? [`NonResourceURLs:${list(rule.nonResourceURLs)}`] : []),
    ...(rule.resourceNames?.length ? [`ResourceNames:${list(rule.resourceNames)}`] : []),
    `Verbs:${list(rule.verbs)}`,
  ];
  return `{${parts.join(', ')}}`;
}
