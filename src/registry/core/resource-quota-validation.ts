// ResourceQuotas: names and amounts of resources, and scopes that fit them.
import type { ResourceQuota } from '../../objects.ts';
import { compareQuantities } from '../../quantity.ts';
import { type FieldError, FieldPath, invalidValue, required } from '../field.ts';
import { amountOf, isFractional, validateNonnegativeQuantity } from '../quantity-validation.ts';
import {
  isExtendedResource,
  isQuotaHugePages,
  validateResourceName,
} from './resource-validation.ts';

type Spec = NonNullable<ResourceQuota['spec']>;
type ScopeSelector = NonNullable<Spec['scopeSelector']>;
type ScopeRequirement = NonNullable<ScopeSelector['matchExpressions']>[number];

const specPath = FieldPath.of('spec');
const statusPath = FieldPath.of('status');

/** Counted, so whole. */
const countedResources: ReadonlySet<string> = new Set([
  ...['pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'configmaps'],
  ...['persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers'],
]);
const computeResources: ReadonlySet<string> = new Set([
  ...['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'],
]);
const quotaResources: ReadonlySet<string> = new Set([
  ...countedResources,
  ...computeResources,
  ...['ephemeral-storage', 'requests.storage', 'requests.ephemeral-storage'],
  'limits.ephemeral-storage',
]);

function isQuotaResource(name: string): boolean {
  return quotaResources.has(name) || isQuotaHugePages(name);
}

function validateAmounts(
  list: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
): FieldError[] {
  return Object.entries(list ?? {}).flatMap(([name, text]) => {
    const own = path.key(name);
    const errors = validateResourceName(name, own);
    if (!name.includes('/') && !isQuotaResource(name)) {
      errors.push(invalidValue(own, name, 'must be a standard resource for quota'));
    }
    errors.push(...validateNonnegativeQuantity(text, own));
    const whole = countedResources.has(name) || isExtendedResource(name);
    if (whole && isFractional(text)) errors.push(invalidValue(own, text, 'must be an integer'));
    return errors;
  });
}

const scopesOfPods = [
  'Terminating',
  'NotTerminating',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
];
const scopes = [...scopesOfPods, 'BestEffort', 'VolumeAttributesClass'];
const scopesWithoutValues = scopes.filter(
  (scope) => scope !== 'PriorityClass' && scope !== 'VolumeAttributesClass',
);

/** Whether a scope says anything about a resource. */
function applies(scope: string, name: string): boolean {
  if (scopesOfPods.includes(scope)) return name === 'pods' || computeResources.has(name);
  if (scope === 'BestEffort') return name === 'pods';
  if (scope !== 'VolumeAttributesClass') return true;
  return name === 'persistentvolumeclaims' || name === 'requests.storage';
}

/** The names of `hard` that a scope cannot limit. */
function misfits(spec: Spec, scope: string): string[] {
  const names = Object.keys(spec.hard ?? {}).sort();
  return names.filter((name) => isQuotaResource(name) && !applies(scope, name));
}

function validateConflicts(
  present: readonly string[],
  shown: unknown,
  path: FieldPath,
): FieldError[] {
  const pairs = [
    ['BestEffort', 'NotBestEffort'],
    ['Terminating', 'NotTerminating'],
  ];
  return pairs
    .filter((pair) => pair.every((scope) => present.includes(scope)))
    .map(() => invalidValue(path, shown, 'conflicting scopes'));
}

function validateScopes(spec: Spec): FieldError[] {
  const path = specPath.child('scopes');
  const present = spec.scopes ?? [];
  const errors = present.flatMap((scope) => [
    ...(scopes.includes(scope) ? [] : [invalidValue(path, present, 'unsupported scope')]),
    ...misfits(spec, scope).map(() =>
      invalidValue(path, present, 'unsupported scope applied to resource'),
    ),
  ]);
  return [...errors, ...validateConflicts(present, present, path)];
}

/** As Go shows a selector of its internal type. */
function shownSelector({ matchExpressions }: ScopeSelector): object {
  const expressions = matchExpressions?.map(({ scopeName, operator, values }) => ({
    ScopeName: scopeName,
    Operator: operator,
    Values: values ?? null,
  }));
  return { MatchExpressions: expressions ?? null };
}

function validateRequirement(requirement: ScopeRequirement, path: FieldPath): FieldError[] {
  const { scopeName, operator = '', values = [] } = requirement;
  const errors: FieldError[] = [];
  const operatorPath = path.child('operator');
  if (scopesWithoutValues.includes(scopeName) && operator !== 'Exists') {
    const why =
      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, " +
      'ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ' +
      'ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity';
    errors.push(invalidValue(operatorPath, operator, why));
  }
  if (operator === 'In' || operator === 'NotIn') {
    const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    if (values.length === 0) errors.push(required(path.child('values'), why));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
    if (values.length > 0) errors.push(invalidValue(path.child('values'), values, why));
  } else errors.push(invalidValue(operatorPath, operator, 'not a valid selector operator'));
  return errors;
}

function validateScopeSelector(spec: Spec): FieldError[] {
  const { scopeSelector: selector } = spec;
  if (!selector) return [];
  const path = specPath.child('scopeSelector', 'matchExpressions');
  const requirements = selector.matchExpressions ?? [];
  const errors = requirements.flatMap((requirement) => {
    const { scopeName = '' } = requirement;
    const known = scopes.includes(scopeName);
    return [
      ...(known ? [] : [invalidValue(path.child('scopeName'), scopeName, 'unsupported scope')]),
      ...misfits(spec, scopeName).map(() =>
        invalidValue(path, shownSelector(selector), 'unsupported scope applied to resource'),
      ),
      ...validateRequirement(requirement, path),
    ];
  });
  const present = requirements.map(({ scopeName }) => scopeName);
  return [...errors, ...validateConflicts(present, spec.scopes, path)];
}

export function validateResourceQuota({ spec = {} }: ResourceQuota): FieldError[] {
  return [
    ...validateAmounts(spec.hard, specPath.child('hard')),
    ...validateScopes(spec),
    ...validateScopeSelector(spec),
  ];
}

export function validateResourceQuotaUpdate(next: ResourceQuota, old: ResourceQuota): FieldError[] {
  const [after, before] = [new Set(next.spec?.scopes), new Set(old.spec?.scopes)];
  if (after.size === before.size && [...after].every((scope) => before.has(scope))) return [];
  return [invalidValue(specPath.child('scopes'), next.spec?.scopes, 'field is immutable')];
}

export function validateResourceQuotaStatusUpdate({ status }: ResourceQuota): FieldError[] {
  return [
    ...validateAmounts(status?.hard, statusPath.child('hard')),
    ...validateAmounts(status?.used, statusPath.child('used')),
  ];
}

/** On create only: more may be requested than the limits allow. */
export function resourceQuotaWarnings(
  { spec }: ResourceQuota,
  old: ResourceQuota | undefined,
): string[] {
  if (old !== undefined) return [];
  const hard = spec?.hard ?? {};
  return ['cpu', 'memory', 'storage', 'ephemeral-storage'].flatMap((name) => {
    const bare = name === 'cpu' || name === 'memory' ? name : '';
    const requestName = hard[`requests.${name}`] === undefined && bare ? bare : `requests.${name}`;
    const limitName = `limits.${name}`;
    const [request, limit] = [hard[requestName], hard[limitName]];
    if (request === undefined || limit === undefined) return [];
    if (compareQuantities(amountOf(request), amountOf(limit)) <= 0) return [];
    return [
      `ResourceQuota ${requestName} (${request}) should be less than ${limitName} (${limit})`,
    ];
  });
}
