// Arithmetic over a pod's requests and limits: quality of service and pod-level defaults.
import type { Pod, PodSpec } from '../../objects.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
} from '../../quantity.ts';
import type { Container, ResourceList, ResourceRequirements } from './types.ts';

/** What a pod may ask for as a whole, besides its containers. */
export function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}

function positive(list: ResourceList | undefined, name: string): boolean {
  const text = list?.[name];
  if (text === undefined) return false;
  try {
    return parseQuantity(text).mantissa > 0n;
  } catch {
    return false; // decoding refuses such a value before anything asks for its class
  }
}

function sameAmount(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return compareQuantities(parseQuantity(a), parseQuantity(b)) === 0;
}

const computeResources = ['cpu', 'memory'];

function isGuaranteed(resources: ResourceRequirements | undefined): boolean {
  return computeResources.every((name) => {
    if (!positive(resources?.limits, name)) return false;
    const request = resources?.requests?.[name];
    return request === undefined || sameAmount(request, resources?.limits?.[name]);
  });
}

function asksForCompute(resources: ResourceRequirements | undefined): boolean {
  return computeResources.some(
    (name) => positive(resources?.requests, name) || positive(resources?.limits, name),
  );
}

/** Guaranteed, Burstable or BestEffort, from pod-level resources where they are set. */
export function qosClass(pod: Pod): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const { spec } = pod;
  const containers: readonly { readonly resources?: ResourceRequirements }[] = spec?.resources
    ? [{ resources: spec.resources }]
    : [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  if (!containers.some(({ resources }) => asksForCompute(resources))) return 'BestEffort';
  const all = containers.every(({ resources }) => isGuaranteed(resources));
  return all ? 'Guaranteed' : 'Burstable';
}

function larger(a: Quantity | undefined, b: Quantity): Quantity {
  return a === undefined || compareQuantities(a, b) < 0 ? b : a;
}

type Amounts = Map<string, Quantity>;

type Kind = 'requests' | 'limits';

function amountsOf(container: Container, kind: Kind): Amounts {
  const entries = Object.entries(container.resources?.[kind] ?? {});
  return new Map(entries.map(([name, text]) => [name, parseQuantity(text)]));
}

function add(total: Amounts, more: Amounts): void {
  for (const [name, amount] of more) {
    const before = total.get(name);
    total.set(name, before === undefined ? amount : addQuantities(before, amount));
  }
}

/**
 * What the containers of a pod ask for together, or are limited to: the sum of those that run at once, or the
 * largest need of an init container beside the sidecars that started before it (KEP-753).
 */
export function aggregateContainerResources(spec: PodSpec, kind: Kind): Amounts {
  const total: Amounts = new Map();
  for (const container of spec.containers ?? []) add(total, amountsOf(container, kind));
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const container of spec.initContainers ?? []) {
    const need = amountsOf(container, kind);
    if (container.restartPolicy === 'Always') {
      add(sidecars, need);
      add(total, need);
      continue;
    }
    add(need, sidecars);
    for (const [name, amount] of need) peak.set(name, larger(peak.get(name), amount));
  }
  for (const [name, amount] of peak) total.set(name, larger(total.get(name), amount));
  return total;
}

/** Pod-level requests that are not set follow the containers' needs, else pod-level limits. */
export function setPodLevelRequests(spec: PodSpec): void {
  const limits = spec.resources?.limits;
  if (!spec.resources || !limits || Object.keys(limits).length === 0) return;
  const requests = { ...spec.resources.requests };
  for (const [name, amount] of aggregateContainerResources(spec, 'requests')) {
    if (!isPodLevelResource(name) || name.startsWith('hugepages-')) continue;
    requests[name] ??= formatQuantity(amount);
  }
  for (const [name, limit] of Object.entries(limits)) {
    if (isPodLevelResource(name)) requests[name] ??= limit;
  }
  if (Object.keys(requests).length > 0) spec.resources.requests = requests;
}
