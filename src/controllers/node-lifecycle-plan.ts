// What a silent node means: which conditions, taints and evictions follow from its last heartbeat.
import type { Node, Pod } from '../objects.ts';
import { timeMs } from './pod-state.ts';

type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number];
type Condition = NonNullable<NonNullable<Node['status']>['conditions']>[number];

export const notReadyTaint = 'node.kubernetes.io/not-ready';
export const unreachableTaint = 'node.kubernetes.io/unreachable';

/** Conditions that a silent kubelet no longer vouches for. */
const monitored = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

const conditionTaints: readonly (readonly [type: string, status: string, taint: string])[] = [
  ['Ready', 'False', notReadyTaint],
  ['Ready', 'Unknown', unreachableTaint],
  ['MemoryPressure', 'True', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'True', 'node.kubernetes.io/disk-pressure'],
  ['NetworkUnavailable', 'True', 'node.kubernetes.io/network-unavailable'],
  ['PIDPressure', 'True', 'node.kubernetes.io/pid-pressure'],
];

export function nodeCondition(node: Node, type: string): Condition | undefined {
  return node.status?.conditions?.find((condition) => condition.type === type);
}

/** Conditions of a node not heard of; undefined when they already say so. */
export function silentConditions(node: Node, nowMs: number): Condition[] | undefined {
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const conditions = [...(node.status?.conditions ?? [])];
  let changed = false;
  for (const type of monitored) {
    const at = conditions.findIndex((condition) => condition.type === type);
    const known = conditions[at];
    if (known === undefined) {
      const { creationTimestamp = now } = node.metadata ?? {};
      conditions.push({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: creationTimestamp,
        lastTransitionTime: now,
      });
      changed = true;
    } else if (known.status !== 'Unknown') {
      conditions[at] = {
        ...known,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: now,
      };
      changed = true;
    }
  }
  return changed ? conditions : undefined;
}

/** The taints that a node's conditions call for; undefined when it has exactly these. */
export function conditionTaintsOf(node: Node, nowMs: number): Taint[] | undefined {
  const timeAdded = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const wanted: Taint[] = [];
  for (const [type, status, key] of conditionTaints) {
    if (nodeCondition(node, type)?.status !== status) continue;
    wanted.push({ key, effect: 'NoSchedule' });
    if (type === 'Ready') wanted.push({ key, effect: 'NoExecute', timeAdded });
  }
  if (node.spec?.unschedulable === true) {
    wanted.push({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' });
  }
  const owned = new Set<string>([
    ...conditionTaints.map(([, , key]) => key),
    'node.kubernetes.io/unschedulable',
  ]);
  const present = node.spec?.taints ?? [];
  const same = (a: Taint, b: Taint) => a.key === b.key && a.effect === b.effect;
  const kept = present.filter(
    (taint) => !owned.has(taint.key) || wanted.some((each) => same(each, taint)),
  );
  const missing = wanted.filter((each) => !present.some((taint) => same(each, taint)));
  if (missing.length === 0 && kept.length === present.length) return undefined;
  return [...kept, ...missing];
}

/**
 * When a pod must leave its node because of NoExecute taints, in milliseconds since the epoch;
 * undefined when it may stay. The shortest toleration counts, from when the taint was added.
 */
export function evictionMs(node: Node, pod: Pod, nowMs: number): number | undefined {
  const taints = (node.spec?.taints ?? []).filter((taint) => taint.effect === 'NoExecute');
  if (taints.length === 0) return undefined;
  let leaveMs: number | undefined;
  for (const taint of taints) {
    const tolerations = (pod.spec?.tolerations ?? []).filter((each) => tolerates(each, taint));
    const sinceMs = timeMs(taint.timeAdded) ?? nowMs;
    if (tolerations.length === 0) return Math.min(sinceMs, nowMs);
    for (const { tolerationSeconds } of tolerations) {
      if (tolerationSeconds === undefined) continue;
      const atMs = sinceMs + Math.max(0, tolerationSeconds) * 1000;
      leaveMs = leaveMs === undefined ? atMs : Math.min(leaveMs, atMs);
    }
  }
  return leaveMs;
}

type Toleration = NonNullable<NonNullable<Pod['spec']>['tolerations']>[number];

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if ((toleration.effect ?? '') !== '' && toleration.effect !== taint.effect) return false;
  if ((toleration.key ?? '') !== '' && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return (toleration.key ?? '') !== '' && (toleration.value ?? '') === (taint.value ?? '');
}
