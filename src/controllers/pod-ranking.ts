// Which pods a ReplicaSet deletes first.
import type { Pod } from '../objects.ts';
import { isPodActive, isPodReady, podCondition, timeMs } from './pod-state.ts';

const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

/**
 * `pods` ordered as upstream deletes them: unassigned, pending, not ready, cheap by annotation,
 * doubled up on a node (counting `related`), ready for a shorter time (by powers of two), with
 * more restarts, younger (KEP-2185, KEP-2255).
 */
export function rankForDeletion(
  pods: readonly Pod[],
  related: readonly Pod[],
  nowMs: number,
): readonly Pod[] {
  const onNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName ?? '';
    if (isPodActive(pod)) onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const rank = (pod: Pod) => onNode.get(pod.spec?.nodeName ?? '') ?? 0;
  return [...pods].sort((a, b) => compare(a, b, rank, nowMs));
}

function compare(a: Pod, b: Pod, rank: (pod: Pod) => number, nowMs: number): number {
  const assigned = (pod: Pod) => Number((pod.spec?.nodeName ?? '') !== '');
  const phase = (pod: Pod) => phaseOrder[pod.status?.phase ?? ''] ?? 0;
  const ready = (pod: Pod) => Number(isPodReady(pod));
  const byState =
    assigned(a) - assigned(b) || phase(a) - phase(b) || ready(a) - ready(b) || cost(a) - cost(b);
  if (byState !== 0) return byState;
  if (rank(a) !== rank(b)) return rank(b) - rank(a);
  if (ready(a) === 1) {
    const since = (pod: Pod) => timeMs(podCondition(pod, 'Ready')?.lastTransitionTime);
    const byReady = younger(since(a), since(b), a, b, nowMs);
    if (byReady !== 0) return byReady;
  }
  const [restartsA, restartsB] = [restarts(a), restarts(b)];
  if (restartsA !== restartsB) return restartsB - restartsA;
  const created = (pod: Pod) => timeMs(pod.metadata?.creationTimestamp);
  return younger(created(a), created(b), a, b, nowMs);
}

/** Younger first; times within the same power of two count as equal and fall back to the UID. */
function younger(
  timeA: number | undefined,
  timeB: number | undefined,
  a: Pod,
  b: Pod,
  nowMs: number,
): number {
  if (timeA === timeB) return 0;
  if (timeA === undefined) return -1;
  if (timeB === undefined) return 1;
  const magnitude = (time: number) =>
    nowMs > time ? Math.floor(Math.log2((nowMs - time) * 1_000_000)) : -1;
  const byAge = magnitude(timeA) - magnitude(timeB);
  if (byAge !== 0) return byAge;
  return (a.metadata?.uid ?? '') < (b.metadata?.uid ?? '') ? -1 : 1;
}

function cost(pod: Pod): number {
  const value = pod.metadata?.annotations?.[deletionCost];
  return value !== undefined && /^(0|-?[1-9][0-9]{0,9})$/.test(value) ? Number(value) : 0;
}

function restarts(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map((each) => each.restartCount));
}
