// Turns what informers report into the cache's and the queue's terms.
import { isDeepStrictEqual } from 'node:util';
import type { Informer } from '../client/informer.ts';
import type { Node, Pod } from '../objects.ts';
import type { SchedulerCache } from './cache.ts';
import type { NominatedPods } from './nominated-pods.ts';
import { isTerminal, schedulerNameOf } from './pod-info.ts';
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
      queue.move('node-deleted');
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

export interface PodSink {
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly nominated: NominatedPods;
  readonly schedulerName: string;
}

export function followPods(informer: Informer<Pod>, sink: PodSink): void {
  const { cache, queue, nominated, schedulerName } = sink;
  const gone = (pod: Pod) => {
    const key = keyOf(pod);
    const counted = cache.isPlaced(key) || nominated.nodeOf(key) !== '';
    queue.delete(key);
    nominated.delete(key);
    cache.removePod(key);
    if (counted) queue.move('pod-deleted');
  };
  const set = (pod: Pod, old?: Pod) => {
    if (isTerminal(pod)) return gone(pod);
    const key = keyOf(pod);
    if (isAssigned(pod)) {
      queue.delete(key);
      nominated.delete(key);
      cache.setPod(pod);
      if (old === undefined || !isAssigned(old)) queue.move('pod-added');
      else for (const event of podChanges(pod, old)) queue.move(event);
      return;
    }
    // An assumed pod is the informer's to confirm, not to try again.
    if (cache.isPlaced(key) || schedulerNameOf(pod) !== schedulerName) return;
    const info = queue.set(pod, old);
    const nominee = pod.status?.nominatedNodeName ?? '';
    // What was decided here a moment ago holds until the API says something new.
    const changed = old === undefined || nominee !== (old.status?.nominatedNodeName ?? '');
    nominated.set(info, changed ? nominee : nominated.nodeOf(key));
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
