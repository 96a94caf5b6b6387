// Preemption: which less important pods of which node would have to go for a pod to fit there.

import type { PodDisruptionBudget } from '../objects.ts';
import type { Random } from '../random.ts';
import { violatingPods } from './disruption-budgets.ts';
import { type Diagnosis, fitMessage } from './fit-error.ts';
import { prepareAll, refusalWithNominated } from './framework.ts';
import { withoutPod, withPod } from './node-info.ts';
import type { NominatedPods } from './nominated-pods.ts';
import type { NodeInfo, Plugin, PodInfo, Rejection, Snapshot } from './types.ts';

/** How many candidates are enough: a tenth of the nodes, but 100 where there are as many. */
const candidatesMin = 100;
const candidatesPercentage = 10;

export interface PreemptionSearch {
  readonly plugins: readonly Plugin[];
  readonly random: Random;
  readonly nominated: NominatedPods;
  readonly budgets: readonly PodDisruptionBudget[];
}

/** A node and who must leave it, the most important first. */
export interface Candidate {
  readonly node: string;
  readonly victims: readonly PodInfo[];
  readonly budgetViolations: number;
}

/** `message` says why not; `helpless`: no eviction anywhere would help, so no node is in view. */
export type Preemption =
  | { readonly candidate: Candidate }
  | { readonly candidate: undefined; readonly message: string; readonly helpless: boolean };

export function findPreemption(
  pod: PodInfo,
  snapshot: Snapshot,
  diagnosis: Diagnosis,
  search: PreemptionSearch,
): Preemption {
  const refusal = ineligibility(pod, snapshot, diagnosis, search.nominated);
  if (refusal !== undefined) return { candidate: undefined, message: refusal, helpless: false };
  const curable = snapshot.nodes.filter(({ name }) => {
    const rejection = diagnosis.rejections.get(name);
    return rejection !== undefined && rejection.final !== true;
  });
  const { candidates, rejections } = findCandidates(pod, snapshot, curable, search);
  const candidate = bestCandidate(candidates);
  if (candidate !== undefined) return { candidate };
  const message = fitMessage({
    nodeCount: snapshot.nodes.length,
    rejections,
    absent: 'Preemption is not helpful for scheduling',
    rejectedBy: new Set(),
  });
  return { candidate: undefined, message, helpless: true };
}

/** Why the pod may not preempt, in upstream's words. */
function ineligibility(
  pod: PodInfo,
  snapshot: Snapshot,
  { rejections }: Diagnosis,
  nominated: NominatedPods,
): string | undefined {
  if (pod.pod.spec?.preemptionPolicy === 'Never') {
    return 'not eligible due to preemptionPolicy=Never.';
  }
  const name = nominated.nodeOf(pod.key);
  const node = snapshot.get(name);
  if (node === undefined || rejections.get(name)?.final === true) return undefined;
  const leaving = node.pods.some((other) => other.priority < pod.priority && isPreempted(other));
  return leaving ? 'not eligible due to a terminating pod on the nominated node.' : undefined;
}

function isPreempted({ pod, terminating }: PodInfo): boolean {
  const target = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return terminating && target?.status === 'True' && target.reason === 'PreemptionByScheduler';
}

function findCandidates(
  pod: PodInfo,
  snapshot: Snapshot,
  nodes: readonly NodeInfo[],
  search: PreemptionSearch,
) {
  const share = Math.floor((nodes.length * candidatesPercentage) / 100);
  const wanted = Math.min(Math.max(share, candidatesMin), nodes.length);
  const offset = Math.floor(search.random.next() * nodes.length);
  const kind: Candidate[] = [];
  const violating: Candidate[] = [];
  const rejections = new Map<string, Rejection>();
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[(offset + i) % nodes.length];
    if (node === undefined) continue;
    const found = victimsOn(pod, node, snapshot, search);
    if ('reasons' in found) rejections.set(node.name, found);
    else (found.budgetViolations === 0 ? kind : violating).push(found);
    if (kind.length > 0 && kind.length + violating.length >= wanted) break;
  }
  return { candidates: [...kind, ...violating], rejections };
}

/** The fewest pods that must go: all of less priority leave, then come back while it still fits. */
function victimsOn(
  pod: PodInfo,
  node: NodeInfo,
  snapshot: Snapshot,
  { plugins, nominated, budgets }: PreemptionSearch,
): Candidate | Rejection {
  const refusal = (info: NodeInfo) => {
    const changed = snapshot.with(info);
    const prepared = prepareAll(plugins, pod, changed);
    return refusalWithNominated(pod, info, changed, plugins, nominated, prepared);
  };
  const lesser = node.pods.filter(({ priority }) => priority < pod.priority);
  if (lesser.length === 0) return { reasons: ['No preemption victims found for incoming pod'] };
  let left = lesser.reduce((info, { key }) => withoutPod(info, key), node);
  const without = refusal(left);
  if (without !== undefined) return without.rejection;
  const ordered = lesser.toSorted(byImportance);
  const violating = violatingPods(ordered, budgets);
  const victims: PodInfo[] = [];
  let budgetViolations = 0;
  // Those that a disruption budget protects have the first chance to stay.
  for (const victim of [
    ...ordered.filter((each) => violating.has(each)),
    ...ordered.filter((each) => !violating.has(each)),
  ]) {
    const spared = withPod(left, victim);
    if (refusal(spared) === undefined) left = spared;
    else {
      victims.push(victim);
      if (violating.has(victim)) budgetViolations++;
    }
  }
  return { node: node.name, victims: victims.sort(byImportance), budgetViolations };
}

/** By priority, then the older first. */
function byImportance(a: PodInfo, b: PodInfo): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  const [first, second] = [startMs(a), startMs(b)];
  return first === second ? 0 : first - second;
}

/** A pod that has not started counts as starting now. */
function startMs({ pod }: PodInfo): number {
  const { startTime } = pod.status ?? {};
  return startTime === undefined ? Number.POSITIVE_INFINITY : Date.parse(startTime);
}

/** Upstream's order of what hurts least; the first of equals. */
function bestCandidate(candidates: readonly Candidate[]): Candidate | undefined {
  const costs: ((candidate: Candidate) => number)[] = [
    ({ budgetViolations }) => budgetViolations,
    ({ victims }) => victims[0]?.priority ?? 0,
    // So shifted, many pods of low priority never weigh less than a few.
    ({ victims }) => victims.reduce((sum, { priority }) => sum + priority + 2 ** 31, 0),
    ({ victims }) => victims.length,
    ({ victims }) =>
      -Math.min(...victims.filter((each) => each.priority === victims[0]?.priority).map(startMs)),
  ];
  let left = candidates;
  for (const cost of costs) {
    if (left.length < 2) break;
    const values = left.map(cost);
    const least = values.reduce((a, b) => Math.min(a, b));
    left = left.filter((_, index) => values[index] === least);
  }
  return left[0];
}
