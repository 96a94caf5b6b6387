// Takes the DisruptionTarget condition back from pods that were to be evicted and were not.
import { keyOf, splitKey } from '../client/object-store.ts';
import { pods } from '../client/resource-ref.ts';
import { timestamp } from '../clock.ts';
import type { Pod } from '../objects.ts';
import { ignoreNotFound } from './ownership.ts';
import { isPodTerminal, podCondition, timeMs } from './pod-state.ts';
import type { ControllerContext } from './runner.ts';

/** After this a pod that still stands was not disrupted after all. */
const staleAfterMs = 120_000;

/** When the condition is stale; undefined where it is not there, or means what it says. */
export function staleAtMs(pod: Pod): number | undefined {
  if (pod.metadata?.deletionTimestamp !== undefined || isPodTerminal(pod)) return undefined;
  const condition = podCondition(pod, 'DisruptionTarget');
  // A kubelet that ends a pod may take any time until the deletion.
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return undefined;
  return (timeMs(condition.lastTransitionTime) ?? 0) + staleAfterMs;
}

/** The pod with the condition at False. */
export function withoutDisruption(pod: Pod, now: string): Pod {
  const { generation } = pod.metadata ?? {};
  const cleared = {
    type: 'DisruptionTarget',
    status: 'False',
    lastTransitionTime: now,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  const conditions = (pod.status?.conditions ?? []).map((each) =>
    each.type === cleared.type ? cleared : each,
  );
  return { ...pod, status: { ...pod.status, conditions } };
}

/** Watches all pods for it; part of the disruption controller. */
export function clearStaleDisruptions({ client, informers, clock, queue }: ControllerContext) {
  const all = informers.informer(pods);
  const keys = queue('stale-disruption', async (key) => {
    const { namespace, name } = splitKey(key);
    const pod = all.get(namespace, name);
    const atMs = pod && staleAtMs(pod);
    if (pod === undefined || atMs === undefined) return undefined;
    const leftMs = atMs - clock.nowMs();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    const next = withoutDisruption(pod, timestamp(clock));
    await client.update(pods, next, { subresource: 'status' }).catch(ignoreNotFound);
    return undefined;
  });
  const wake = (pod: Pod) => {
    if (staleAtMs(pod) !== undefined) keys.add(keyOf(pod));
  };
  all.subscribe({ add: wake, update: wake });
}
