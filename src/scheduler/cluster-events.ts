// Turns what informers report into the cache's and the queue's terms.
import { isDeepStrictEqual } from 'node:util';
import type { Informer } from '../client/informer.ts';
import type { Node, Pod } from '../objects.ts';
import type { SchedulerCache } from './cache.ts';
import { isTerminal } from './pod-info.ts';
import type { SchedulingQueue } from './queue.ts';
import type { ClusterEvent } from './types.ts';

export function followNodes(
  informer: Informer<Node>,
  cache: SchedulerCache,
  queue: SchedulingQueue,
): void {
  informer.subscribe({
    add(node) {
      cache.setNode(node);
      queue.move('node-added');
    },
    update(node, old) {
      cache.setNode(node);
      for (const event of nodeChanges(node, old)) queue.move(event);
    },
    delete(node) {
      cache.removeNode(node.metadata?.name ?? '');
    },
  });
}

export function nodeChanges(node: Node, old: Node): readonly ClusterEvent[] {
  const changes: ClusterEvent[] = [];
  const differs = (of: (node: Node) => unknown) => !isDeepStrictEqual(of(node), of(old));
  if (differs(({ status }) => status?.allocatable)) changes.push('node-allocatable');
  if (differs(({ metadata }) => metadata?.labels)) changes.push('node-labels');
  if (differs(({ spec }) => spec?.taints)) changes.push('node-taints');
  if (differs(({ spec }) => spec?.unschedulable)) changes.push('node-spec');
  return changes;
}

export function followPods(
  informer: Informer<Pod>,
  cache: SchedulerCache,
  queue: SchedulingQueue,
  schedulerName: string,
): void {
  const gone = (pod: Pod) => {
    const key = keyOf(pod);
    const counted = cache.isPlaced(key);
    queue.delete(key);
    cache.removePod(key);
    if (counted) queue.move('pod-deleted');
  };
  const set = (pod: Pod, old?: Pod) => {
    if (isTerminal(pod)) return gone(pod);
    if (isAssigned(pod)) {
      const key = keyOf(pod);
      queue.delete(key);
      cache.setPod(pod);
      if (old === undefined || !isAssigned(old)) queue.move('pod-added');
      else for (const event of podChanges(pod, old)) queue.move(event);
      return;
    }
    // An assumed pod is the informer's to confirm, not to try again.
    if (cache.isPlaced(keyOf(pod))) return;
    if ((pod.spec?.schedulerName ?? 'default-scheduler') === schedulerName) queue.set(pod, old);
  };
  informer.subscribe({ add: set, update: set, delete: gone });
}

/** What may help others about a pod that has a node. */
export function podChanges(pod: Pod, old: Pod): readonly ClusterEvent[] {
  const changes: ClusterEvent[] = [];
  const differs = (of: (pod: Pod) => unknown) => !isDeepStrictEqual(of(pod), of(old));
  if (differs(({ metadata }) => metadata?.labels)) changes.push('pod-labels');
  const requests = ({ spec }: Pod) => [
    spec?.resources?.requests,
    spec?.containers?.map((each) => each.resources?.requests),
  ];
  // Room may have become free (in-place resize).
  if (differs(requests)) changes.push('pod-deleted');
  return changes;
}

function isAssigned(pod: Pod): boolean {
  return (pod.spec?.nodeName ?? '') !== '';
}

function keyOf({ metadata }: Pod): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}
