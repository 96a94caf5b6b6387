// The pod garbage collector: pods of nodes that are gone, and finished pods beyond a limit.
import { keyOf } from '../client/object-store.ts';
import { nodes, pods } from '../client/resource-ref.ts';
import type { Pod } from '../objects.ts';
import { isReason } from '../status.ts';
import { ignoreNotFound } from './ownership.ts';
import { isPodTerminal, timeMs } from './pod-state.ts';
import type { Controller, ControllerContext } from './runner.ts';

const sweepMs = 20_000;
/** A node may be gone and back (a restart under the same name): it is missed this long first. */
const quarantineMs = 40_000;
const terminatedThresholdDefault = 12_500;

export const podGarbageController: Controller = {
  name: 'pod-garbage-collector',
  start(context) {
    const allPods = context.informers.informer(pods);
    const allNodes = context.informers.informer(nodes);
    const missingSince = new Map<string, number>();
    context.every('collect pods', sweepMs, async () => {
      const all = allPods.list();
      for (const pod of surplusTerminated(all, context.options.terminatedPodGcThreshold)) {
        await remove(context, pod);
      }
      const nowMs = context.clock.nowMs();
      const missing = new Set<string>();
      for (const pod of all) {
        const node = pod.spec?.nodeName ?? '';
        if (node !== '' && allNodes.get('', node) === undefined) missing.add(node);
        const unscheduled = node === '' && pod.metadata?.deletionTimestamp !== undefined;
        if (unscheduled) await remove(context, pod);
      }
      for (const node of missingSince.keys()) if (!missing.has(node)) missingSince.delete(node);
      for (const node of missing) if (!missingSince.has(node)) missingSince.set(node, nowMs);
      for (const pod of all) {
        const since = missingSince.get(pod.spec?.nodeName ?? '');
        if (since === undefined || nowMs - since < quarantineMs) continue;
        if (await isNodeGone(context, pod.spec?.nodeName ?? '')) await remove(context, pod, true);
      }
    });
  },
};

/** The oldest finished pods above the threshold. */
export function surplusTerminated(
  all: readonly Pod[],
  threshold: number = terminatedThresholdDefault,
): readonly Pod[] {
  const terminated = all.filter(
    (pod) => isPodTerminal(pod) && pod.metadata?.deletionTimestamp === undefined,
  );
  const surplus = terminated.length - threshold;
  if (threshold <= 0 || surplus <= 0) return [];
  const created = (pod: Pod) => timeMs(pod.metadata?.creationTimestamp) ?? 0;
  return terminated.sort((a, b) => created(a) - created(b)).slice(0, surplus);
}

async function isNodeGone(context: ControllerContext, name: string): Promise<boolean> {
  try {
    await context.client.get(nodes, '', name);
    return false;
  } catch (error) {
    if (isReason(error, 'NotFound')) return true;
    throw error;
  }
}

/** Deletes at once, as nobody is left to end it; an orphan is first marked as failed. */
async function remove(context: ControllerContext, pod: Pod, orphaned = false): Promise<void> {
  const { namespace = '', name = '', uid } = pod.metadata ?? {};
  if (!isPodTerminal(pod) && orphaned) {
    const now = `${new Date(context.clock.nowMs()).toISOString().slice(0, 19)}Z`;
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByPodGC',
      message: 'PodGC: node no longer exists',
      lastTransitionTime: now,
    };
    const patch = { metadata: { uid }, status: { phase: 'Failed', conditions: [condition] } };
    await context.client
      .patch(pods, namespace, name, 'strategic', patch, { subresource: 'status' })
      .catch(ignoreNotFound);
  }
  context.logger.info('collecting a pod', { pod: keyOf(pod), orphaned });
  const precondition = uid === undefined ? {} : { uid };
  await context.client
    .delete(pods, namespace, name, { gracePeriodSeconds: 0, ...precondition })
    .catch(ignoreNotFound);
}
