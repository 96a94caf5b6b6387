// From requests and limits to what the kernel takes: shares, quotas, OOM scores, QoS class.
import type { Container, Pod } from '../../objects.ts';
import type { LinuxResources } from '../runtime.ts';
import { isSidecar } from './pod.ts';
import { quantityMilli, quantityUnits } from './quantity.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const quotaPeriodUs = 100_000;
const quotaMinUs = 1_000;
const sharesMin = 2;
const sharesMax = 262_144;
const criticalPriority = 2_000_000_000;

/** cpu.shares of a CPU request. */
export function cpuShares(milliCpu: number): number {
  if (milliCpu === 0) return sharesMin;
  return Math.min(sharesMax, Math.max(sharesMin, Math.floor((milliCpu * 1024) / 1000)));
}

/** cfs quota in µs over a period of 100 ms; undefined means no limit. */
export function cpuQuotaUs(milliCpu: number): number | undefined {
  if (milliCpu === 0) return undefined;
  return Math.max(quotaMinUs, Math.floor((milliCpu * quotaPeriodUs) / 1000));
}

/** The class as the API server states it, or computed when it has not. */
export function qosClassOf(pod: Pod): QosClass {
  const stated = pod.status?.qosClass;
  if (stated === 'Guaranteed' || stated === 'Burstable' || stated === 'BestEffort') return stated;
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  let any = false;
  let guaranteed = true;
  for (const { resources } of containers) {
    for (const name of ['cpu', 'memory']) {
      const limit = resources?.limits?.[name];
      const request = resources?.requests?.[name] ?? limit;
      if (quantityMilli(request) > 0 || quantityMilli(limit) > 0) any = true;
      if (limit === undefined || quantityMilli(limit) === 0) guaranteed = false;
      else if (quantityMilli(limit) !== quantityMilli(request)) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** oom_score_adj of one container on a node with `memoryCapacityBytes`. */
export function oomScoreAdj(pod: Pod, container: Container, memoryCapacityBytes: number): number {
  if ((pod.spec?.priority ?? 0) >= criticalPriority) return -997;
  const qos = qosClassOf(pod);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const own = burstableOomScore(container, memoryCapacityBytes);
  if (!(pod.spec?.initContainers ?? []).includes(container) || !isSidecar(container)) return own;
  // A sidecar must not be killed before the containers it serves (KEP-753).
  const mains = (pod.spec?.containers ?? []).map((c) => burstableOomScore(c, memoryCapacityBytes));
  return Math.min(own, ...mains);
}

function burstableOomScore(container: Container, memoryCapacityBytes: number): number {
  const request = quantityUnits(container.resources?.requests?.memory);
  const score = Math.floor(1000 - (1000 * request) / Math.max(1, memoryCapacityBytes));
  if (score < 3) return 3;
  return score === 1000 ? 999 : score;
}

/** What the runtime puts on one container. */
export function containerResources(
  pod: Pod,
  container: Container,
  memoryCapacityBytes: number,
): LinuxResources {
  const limits = container.resources?.limits;
  const requests = container.resources?.requests;
  const cpuLimit = quantityMilli(limits?.cpu);
  const memoryLimitBytes = quantityUnits(limits?.memory);
  const cpuQuota = cpuQuotaUs(cpuLimit);
  return {
    cpuShares: cpuShares(quantityMilli(requests?.cpu ?? limits?.cpu)),
    cpuPeriod: quotaPeriodUs,
    ...(cpuQuota === undefined ? {} : { cpuQuota }),
    ...(memoryLimitBytes === 0 ? {} : { memoryLimitBytes }),
    oomScoreAdj: oomScoreAdj(pod, container, memoryCapacityBytes),
  };
}

/** What a pod takes of its node: cpu in thousandths, all else in whole units. */
export type ResourceTotals = Readonly<Record<string, number>>;

function amountsOf(list: Readonly<Record<string, string>> | undefined): Record<string, number> {
  const amounts: Record<string, number> = {};
  for (const [name, quantity] of Object.entries(list ?? {})) {
    amounts[name] = name === 'cpu' ? quantityMilli(quantity) : quantityUnits(quantity);
  }
  return amounts;
}

function add(into: Record<string, number>, amounts: Readonly<Record<string, number>>): void {
  for (const [name, amount] of Object.entries(amounts)) into[name] = (into[name] ?? 0) + amount;
}

function raise(into: Record<string, number>, amounts: Readonly<Record<string, number>>): void {
  for (const [name, amount] of Object.entries(amounts)) {
    into[name] = Math.max(into[name] ?? 0, amount);
  }
}

/**
 * The sum over containers and sidecars, or the peak of the init phase where that is higher, plus
 * overhead; a pod-level figure overrides the sum of its resource (KEP-2837).
 */
export function podTotals(pod: Pod, kind: 'requests' | 'limits'): ResourceTotals {
  const listOf = (container: Container) =>
    kind === 'requests'
      ? amountsOf({ ...container.resources?.limits, ...container.resources?.requests })
      : amountsOf(container.resources?.limits);
  const totals: Record<string, number> = {};
  for (const container of pod.spec?.containers ?? []) add(totals, listOf(container));
  const sidecars: Record<string, number> = {};
  const peak: Record<string, number> = {};
  for (const container of pod.spec?.initContainers ?? []) {
    const amounts = listOf(container);
    if (isSidecar(container)) {
      add(totals, amounts);
      add(sidecars, amounts);
      raise(peak, sidecars);
    } else {
      const together = { ...sidecars };
      add(together, amounts);
      raise(peak, together);
    }
  }
  raise(totals, peak);
  Object.assign(totals, amountsOf(pod.spec?.resources?.[kind]));
  add(totals, amountsOf(pod.spec?.overhead));
  return totals;
}

/** The pod's own cgroup: cpu and memory limits only where every container states one. */
export function podCgroupResources(pod: Pod): {
  readonly cpuShares: number;
  readonly cpuQuotaUs?: number;
  readonly memoryLimitBytes?: number;
} {
  const shares = cpuShares(podTotals(pod, 'requests').cpu ?? 0);
  const qos = qosClassOf(pod);
  if (qos === 'BestEffort') return { cpuShares: sharesMin };
  const limits = podTotals(pod, 'limits');
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const limited = (name: string) =>
    pod.spec?.resources?.limits?.[name] !== undefined ||
    all.every((container) => quantityMilli(container.resources?.limits?.[name]) > 0);
  const quota = limited('cpu') ? cpuQuotaUs(limits.cpu ?? 0) : undefined;
  const memory = limited('memory') ? limits.memory : undefined;
  return {
    cpuShares: shares,
    ...(quota === undefined ? {} : { cpuQuotaUs: quota }),
    ...(memory === undefined ? {} : { memoryLimitBytes: memory }),
  };
}
