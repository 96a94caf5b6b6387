// The disruption controller: counts for each budget how many pods may be evicted.
import { keyOf, splitKey } from '../client/object-store.ts';
import {
  deployments,
  podDisruptionBudgets,
  pods,
  type ResourceRef,
  replicaSets,
  replicationControllers,
  statefulSets,
} from '../client/resource-ref.ts';
import { timestamp } from '../clock.ts';
import type { KubernetesObject, OwnerReference, Pod, PodDisruptionBudget } from '../objects.ts';
import { labelSelectorMatcher } from '../selector.ts';
import { isReason } from '../status.ts';
import { canonicalJson } from './deployment-template.ts';
import {
  countHealthy,
  countsWorkloads,
  desiredOf,
  type ExpectedPods,
  evictionsOf,
  failedStatus,
  statusOf,
} from './disruption-plan.ts';
import { controllerOf, undefinedWhenGone } from './ownership.ts';
import type { Controller, ControllerContext, Requeue } from './runner.ts';
import { clearStaleDisruptions } from './stale-disruption.ts';

/** Changes of many pods at once make one write, not one each. */
const batchMs = 20;
/** A budget that cannot be counted is tried again after this, besides when its pods change. */
const retryMs = 30_000;

/** What has pods and a number of them. */
interface Workload extends KubernetesObject {
  readonly spec?: { readonly replicas?: number };
}

/** Workloads that few have: asked for when needed. ReplicaSets and Deployments are watched. */
const otherWorkloads: Readonly<Record<string, ResourceRef<Workload>>> = {
  StatefulSet: statefulSets,
  ReplicationController: replicationControllers,
};

type Find = (owner: OwnerReference, namespace: string) => Promise<Workload | undefined>;

/** Finds what a pod's controller counts by: for a Deployment's ReplicaSet the Deployment. */
function finder({ client, informers }: ControllerContext): Find {
  const sets = informers.informer(replicaSets);
  const all = informers.informer(deployments);
  return async ({ kind, name, uid }, namespace) => {
    if (kind !== 'ReplicaSet') {
      const ref = otherWorkloads[kind];
      const found = ref && (await client.get(ref, namespace, name).catch(undefinedWhenGone));
      return found?.metadata?.uid === uid ? found : undefined;
    }
    const set = sets.get(namespace, name);
    if (set?.metadata?.uid !== uid) return undefined;
    const above = controllerOf(set);
    if (above?.kind !== 'Deployment') return set;
    const deployment = all.get(namespace, above.name);
    return deployment?.metadata?.uid === above.uid ? deployment : undefined;
  };
}

/** Adds up the workloads of `pods`, each once. */
async function expectedOf(pods: readonly Pod[], find: Find): Promise<ExpectedPods> {
  const scales = new Map<string, number>();
  const seen = new Set<string>();
  const unmanaged: string[] = [];
  for (const pod of pods) {
    const owner = controllerOf(pod);
    const { name = '', namespace = '' } = pod.metadata ?? {};
    if (owner === undefined) unmanaged.push(name);
    else if (!seen.has(owner.uid)) {
      seen.add(owner.uid);
      const found = await find(owner, namespace);
      if (found === undefined) {
        throw new Error(`found no controllers for pod ${JSON.stringify(name)}`);
      }
      scales.set(found.metadata?.uid ?? '', found.spec?.replicas ?? 1);
    }
  }
  return { count: [...scales.values()].reduce((sum, each) => sum + each, 0), unmanaged };
}

async function reconcile(
  { client, clock, events, logger }: ControllerContext,
  budget: PodDisruptionBudget,
  itsPods: readonly Pod[],
  find: Find,
): Promise<Requeue | undefined> {
  const now = timestamp(clock);
  const write = async (status: NonNullable<PodDisruptionBudget['status']>) => {
    if (canonicalJson(status) === canonicalJson(budget.status ?? {})) return;
    await client.update(podDisruptionBudgets, { ...budget, status }, { subresource: 'status' });
  };
  const say = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    events.event(podDisruptionBudgets, budget, type, reason, message);
  if (itsPods.length === 0) say('Normal', 'NoPods', 'No matching pods found');
  let expected: ExpectedPods | undefined;
  try {
    expected = countsWorkloads(budget) ? await expectedOf(itsPods, find) : undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `Failed to calculate the number of expected pods: ${why}`;
    say('Warning', 'CalculateExpectedPodCountFailed', message);
    logger.warn('cannot count a disruption budget', { budget: keyOf(budget), why });
    await write(failedStatus(budget, why, now));
    return { requeueAfterMs: retryMs };
  }
  if ((expected?.unmanaged ?? []).length > 0) {
    say('Warning', 'UnmanagedPods', unmanagedMessage(budget));
  }
  const nowMs = clock.nowMs();
  const evictions = evictionsOf(budget, itsPods, nowMs);
  for (const pod of evictions.failed) {
    const { namespace = '' } = budget.metadata ?? {};
    // Upstream names the namespace twice.
    const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`;
    events.event(pods, pod, 'Warning', 'NotDeleted', message);
  }
  const currentHealthy = countHealthy(itsPods, evictions, nowMs);
  const counts = { currentHealthy, ...desiredOf(budget, itsPods, expected) };
  await write(statusOf(budget, counts, evictions.running, now));
  const { recheckAtMs } = evictions;
  // One more millisecond: at the very time it is not over yet.
  return recheckAtMs === undefined ? undefined : { requeueAfterMs: recheckAtMs - nowMs + 1 };
}

function unmanagedMessage({ spec }: PodDisruptionBudget): string {
  return (
    `Pods selected by this PodDisruptionBudget (selector: ${canonicalJson(spec?.selector)}) were ` +
    'found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, ' +
    'which may result in undefined behavior. To account for these pods please set ' +
    '".spec.minAvailable" field of the PDB to an integer value.'
  );
}

export const disruptionController: Controller = {
  name: 'disruption-controller',
  start(context) {
    clearStaleDisruptions(context);
    const budgets = context.informers.informer(podDisruptionBudgets);
    const allPods = context.informers.informer(pods);
    const find = finder(context);
    const selects = ({ spec }: PodDisruptionBudget, pod: Pod) =>
      labelSelectorMatcher(spec?.selector)(pod.metadata?.labels);
    const queue = context.queue('disruption', async (key) => {
      const { namespace, name } = splitKey(key);
      const budget = budgets.get(namespace, name);
      if (budget === undefined) return undefined;
      const itsPods = allPods.list(namespace).filter((pod) => selects(budget, pod));
      try {
        return await reconcile(context, budget, itsPods, find);
      } catch (error) {
        if (isReason(error, 'NotFound')) return undefined;
        throw error;
      }
    });
    const wake = (budget: PodDisruptionBudget) => queue.add(keyOf(budget));
    budgets.subscribe({ add: wake, update: wake, delete: wake });
    const wakeGuards = (pod: Pod, old?: Pod) => {
      for (const budget of budgets.list(pod.metadata?.namespace ?? '')) {
        if (!selects(budget, pod) && (old === undefined || !selects(budget, old))) continue;
        queue.addAfter(keyOf(budget), batchMs);
      }
    };
    allPods.subscribe({
      add: (pod) => wakeGuards(pod),
      update: (pod, old) => wakeGuards(pod, old),
      delete: (pod) => wakeGuards(pod),
    });
  },
};
