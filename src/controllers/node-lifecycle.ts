// The node lifecycle controller: notices silent nodes, taints them, and moves their pods away.
import { keyOf, splitKey } from '../client/object-store.ts';
import { leases, nodes, pods } from '../client/resource-ref.ts';
import type { RunningInformer } from '../client/shared-informer.ts';
import type { Lease, Node, Pod } from '../objects.ts';
import { isReason } from '../status.ts';
import {
  conditionTaintsOf,
  evictionMs,
  nodeCondition,
  silentConditions,
} from './node-lifecycle-plan.ts';
import { ignoreNotFound } from './ownership.ts';
import { isPodTerminal } from './pod-state.ts';
import type { Controller, ControllerContext, Requeue } from './runner.ts';

/** Upstream's defaults since v1.32 (--node-monitor-period, --node-monitor-grace-period). */
const monitorPeriodMs = 5000;
const gracePeriodDefaultMs = 50_000;
/** A new node may take this long to say something (--node-startup-grace-period). */
const startupGraceMs = 60_000;

interface Heartbeat {
  readonly sign: string;
  readonly atMs: number;
  wasReady: boolean;
}

interface Parts {
  readonly context: ControllerContext;
  readonly allNodes: RunningInformer<Node>;
  readonly allPods: RunningInformer<Pod>;
  readonly allLeases: RunningInformer<Lease>;
  /** When this process saw each node change last; another machine's clock is never believed. */
  readonly heartbeats: Map<string, Heartbeat>;
}

export const nodeLifecycleController: Controller = {
  name: 'node-controller',
  start(context) {
    const { informers } = context;
    const byNode = { node: (pod: Pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []) };
    const parts: Parts = {
      context,
      allNodes: informers.informer(nodes),
      allPods: informers.informer(pods, { indexers: byNode }),
      allLeases: informers.informer(leases, { namespace: 'kube-node-lease' }),
      heartbeats: new Map(),
    };
    const { allNodes, allPods, heartbeats } = parts;
    const taint = context.queue('node-taint', (name) => taintNode(parts, name));
    const evict = context.queue('taint-eviction', (key) => evictPod(parts, key));
    const wakePods = (name: string) => {
      for (const pod of allPods.byIndex('node', name)) evict.add(keyOf(pod));
    };
    allNodes.subscribe({
      add: (node) => {
        taint.add(keyOf(node));
        const message = `Node ${keyOf(node)} event: Registered Node ${keyOf(node)} in Controller`;
        context.events.event(nodes, node, 'Normal', 'RegisteredNode', message);
      },
      update: (node, old) => {
        taint.add(keyOf(node));
        if (JSON.stringify(node.spec?.taints) !== JSON.stringify(old.spec?.taints)) {
          wakePods(keyOf(node));
        }
      },
      delete: (node) => heartbeats.delete(keyOf(node)),
    });
    const wakePod = (pod: Pod) => {
      if (pod.spec?.nodeName) evict.add(keyOf(pod));
    };
    allPods.subscribe({
      add: wakePod,
      update: (pod, old) => {
        if (pod.spec?.nodeName !== old.spec?.nodeName) wakePod(pod);
      },
    });
    context.every('monitor node health', monitorPeriodMs, async () => {
      await Promise.all(allNodes.list().map((node) => monitor(parts, node)));
    });
  },
};

async function monitor(parts: Parts, node: Node): Promise<void> {
  const { context, heartbeats, allLeases } = parts;
  const { client, clock, options, logger } = context;
  const name = keyOf(node);
  const nowMs = clock.nowMs();
  const lease = allLeases.get('kube-node-lease', name)?.spec?.renewTime ?? '';
  const ready = nodeCondition(node, 'Ready');
  const sign = `${lease}|${ready?.lastHeartbeatTime ?? ''}`;
  let heartbeat = heartbeats.get(name);
  const wasReady = heartbeat?.wasReady ?? ready?.status === 'True';
  if (heartbeat?.sign !== sign) heartbeat = { sign, atMs: nowMs, wasReady };
  heartbeats.set(name, heartbeat);
  const graceMs = options.nodeMonitorGracePeriodMs ?? gracePeriodDefaultMs;
  const allowedMs = ready === undefined ? startupGraceMs : graceMs;
  const silent = nowMs - heartbeat.atMs > allowedMs;
  const conditions = silent ? silentConditions(node, nowMs) : undefined;
  try {
    if (conditions !== undefined) {
      logger.warn('a node is silent', { node: name });
      const status = { ...node.status, conditions };
      await client.update(nodes, { ...node, status }, { subresource: 'status' });
    }
    const isReady = conditions === undefined && ready?.status === 'True';
    // Only when it changes: afterwards the node itself may know better how its pods are.
    if (heartbeat.wasReady && !isReady) {
      eventOf(context, node, 'NodeNotReady', 'status is now: NodeNotReady');
      await markPodsNotReady(parts, name);
    }
    heartbeat.wasReady = isReady;
  } catch (error) {
    // It is written by its kubelet too; the next look sees the newer one.
    if (!isReason(error, 'Conflict') && !isReason(error, 'NotFound')) throw error;
  }
}

function eventOf(context: ControllerContext, node: Node, reason: string, words: string): void {
  context.events.event(nodes, node, 'Normal', reason, `Node ${keyOf(node)} ${words}`);
}

/** Takes the pods of a node that is not ready out of their services. */
async function markPodsNotReady(parts: Parts, name: string): Promise<void> {
  const { client, clock, events } = parts.context;
  const lastTransitionTime = `${new Date(clock.nowMs()).toISOString().slice(0, 19)}Z`;
  for (const pod of parts.allPods.byIndex('node', name)) {
    const ready = pod.status?.conditions?.find((each) => each.type === 'Ready');
    if (ready?.status !== 'True' || isPodTerminal(pod)) continue;
    const { namespace = '', name: podName = '', uid } = pod.metadata ?? {};
    // Its kubelet may still write, so only this one condition is touched.
    const condition = { type: 'Ready', status: 'False', reason: 'NodeNotReady' };
    const conditions = [{ ...condition, message: null, lastTransitionTime }];
    const patch = { metadata: { uid }, status: { conditions } };
    await client
      .patch(pods, namespace, podName, 'strategic', patch, { subresource: 'status' })
      .catch(ignoreNotFound);
    events.event(pods, pod, 'Warning', 'NodeNotReady', 'Node is not ready');
  }
}

async function taintNode(parts: Parts, name: string): Promise<undefined> {
  const node = parts.allNodes.get('', name);
  if (node === undefined) return;
  const taints = conditionTaintsOf(node, parts.context.clock.nowMs());
  if (taints === undefined) return;
  const { resourceVersion } = node.metadata ?? {};
  const patch = { metadata: { resourceVersion }, spec: { taints } };
  await parts.context.client.patch(nodes, '', name, 'merge', patch).catch(ignoreNotFound);
}

async function evictPod(parts: Parts, key: string): Promise<Requeue | undefined> {
  const { context, allNodes, allPods } = parts;
  const { namespace, name } = splitKey(key);
  const pod = allPods.get(namespace, name);
  const node = allNodes.get('', pod?.spec?.nodeName ?? '');
  if (pod === undefined || node === undefined) return undefined;
  if (pod.metadata?.deletionTimestamp !== undefined || isPodTerminal(pod)) return undefined;
  const nowMs = context.clock.nowMs();
  const leaveMs = evictionMs(node, pod, nowMs);
  if (leaveMs === undefined) return undefined;
  if (leaveMs > nowMs) return { requeueAfterMs: leaveMs - nowMs };
  const message = `Marking for deletion Pod ${key}`;
  context.events.event(pods, pod, 'Normal', 'TaintManagerEviction', message);
  await markDisrupted(parts, pod).catch(ignoreNotFound);
  const uid = pod.metadata?.uid;
  const conditions = uid === undefined ? {} : { uid };
  await context.client.delete(pods, namespace, name, conditions).catch(ignoreNotFound);
  return undefined;
}

/** KEP-3329: a pod that is taken away says why. */
async function markDisrupted(parts: Parts, pod: Pod): Promise<void> {
  const { name = '', namespace = '', uid } = pod.metadata ?? {};
  const now = new Date(parts.context.clock.nowMs()).toISOString();
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: `${now.slice(0, 19)}Z`,
  };
  const patch = { metadata: { uid }, status: { conditions: [condition] } };
  const options = { subresource: 'status' };
  await parts.context.client.patch(pods, namespace, name, 'strategic', patch, options);
}
