// Requests and limits: names of resources, amounts, and requests that stay within limits.
import {
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  QuantityError,
} from '../../quantity.ts';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  required,
} from '../field.ts';
import { validateQualifiedName } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { isPodLevelResource } from './pod-resources.ts';
import type { ResourceList, ResourceRequirements } from './types.ts';

const containerResources: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
const standardResources: ReadonlySet<string> = new Set([
  ...containerResources,
  ...['storage', 'pods', 'services', 'replicationcontrollers', 'resourcequotas', 'secrets'],
  ...['configmaps', 'persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers'],
  ...['requests.cpu', 'requests.memory', 'requests.storage', 'requests.ephemeral-storage'],
  ...['limits.cpu', 'limits.memory', 'limits.ephemeral-storage'],
]);

const nativePrefix = 'kubernetes.io/';

export function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}

/** In quotas huge pages may also stand under `requests.`. */
export function isQuotaHugePages(name: string): boolean {
  return isHugePages(name) || name.startsWith('requests.hugepages-');
}

/** Names without a domain, or in kubernetes.io's. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes(nativePrefix);
}

/** Resources of devices and the like, counted in whole ones: `example.com/gpu`. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith('requests.')) return false;
  return validateQualifiedName(`requests.${name}`).length === 0;
}

/** Names of resources of any kind: Kubernetes' own, or with a domain. */
export function validateResourceName(name: string, path: FieldPath): FieldError[] {
  const wrong = invalidEach(path, name, validateQualifiedName(name));
  if (wrong.length > 0 || name.includes('/')) return wrong;
  if (standardResources.has(name) || isQuotaHugePages(name)) return [];
  return [invalidValue(path, name, 'must be a standard resource type or fully qualified')];
}

export function validateContainerResourceName(name: string, path: FieldPath): FieldError[] {
  const errors = validateResourceName(name, path);
  if (!name.includes('/')) {
    if (!containerResources.has(name) && !isHugePages(name)) {
      errors.push(invalidValue(path, name, 'must be a standard resource for containers'));
    }
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(invalidValue(path, name, "doesn't follow extended resource name standard"));
  }
  return errors;
}

function parse(text: string, path: FieldPath, errors: FieldError[]): Quantity | undefined {
  try {
    return parseQuantity(text);
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    errors.push(invalidValue(path, text, error.message));
    return undefined;
  }
}

/** Not negative, and whole where only whole ones exist. */
export function validateResourceAmount(name: string, text: string, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const quantity = parse(text, path, errors);
  if (quantity === undefined) return errors;
  if (quantity.mantissa < 0n) {
    const shown = formatQuantity(quantity);
    errors.push(invalidValue(path, shown, 'must be greater than or equal to 0'));
  }
  if (isExtendedResource(name) && quantity.scale > 0) {
    errors.push(invalidValue(path, text, 'must be an integer'));
  }
  return errors;
}

function validateRequestWithinLimit(
  name: string,
  request: string,
  limit: string | undefined,
  paths: { readonly requests: FieldPath; readonly limits: FieldPath },
): FieldError[] {
  const fixed = isExtendedResource(name) || isHugePages(name);
  if (limit === undefined) {
    if (!fixed) return [];
    return [required(paths.limits, 'Limit must be set for non overcommitable resources')];
  }
  const unread: FieldError[] = [];
  const asked = parse(request, paths.requests, unread);
  const most = parse(limit, paths.limits, unread);
  if (asked === undefined || most === undefined) return [];
  const order = compareQuantities(asked, most);
  const shown = formatQuantity(asked);
  if (fixed && order !== 0) {
    const why = `must be equal to ${name} limit of ${formatQuantity(most)}`;
    return [invalidValue(paths.requests, shown, why)];
  }
  if (order > 0) {
    const why = `must be less than or equal to ${name} limit of ${formatQuantity(most)}`;
    return [invalidValue(paths.requests, shown, why)];
  }
  return [];
}

function validateList(
  list: ResourceList | undefined,
  path: FieldPath,
  validateName: (name: string, path: FieldPath) => FieldError[],
): FieldError[] {
  return Object.entries(list ?? {}).flatMap(([name, text]) => [
    ...validateName(name, path.key(name)),
    ...validateResourceAmount(name, text, path.key(name)),
  ]);
}

/** Of a container, or with `podLevel` of a pod as a whole. */
export function validateResourceRequirements(
  resources: ResourceRequirements | undefined,
  path: FieldPath,
  podLevel = false,
): FieldError[] {
  if (!resources) return [];
  const paths = { requests: path.child('requests'), limits: path.child('limits') };
  const validateName = podLevel ? validatePodResourceName : validateContainerResourceName;
  const errors = [
    ...validateList(resources.limits, paths.limits, validateName),
    ...validateList(resources.requests, paths.requests, validateName),
  ];
  for (const [name, request] of Object.entries(resources.requests ?? {})) {
    errors.push(...validateRequestWithinLimit(name, request, resources.limits?.[name], paths));
  }
  const named = [...Object.keys(resources.limits ?? {}), ...Object.keys(resources.requests ?? {})];
  const needsCompute =
    named.some(isHugePages) && !named.some((name) => containerResources.has(name));
  if (needsCompute) errors.push(forbiddenField(path, 'HugePages require cpu or memory'));
  return errors;
}

function validatePodResourceName(name: string, path: FieldPath): FieldError[] {
  if (isPodLevelResource(name)) return [];
  return [invalidValue(path, name, 'must be a standard resource for pods')];
}
