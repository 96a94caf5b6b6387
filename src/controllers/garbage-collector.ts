// The garbage collector: deletes what no owner holds any more; foreground and orphan deletion.
import { type Discovery, discover } from '../client/discovery.ts';
import { apiVersionOf, type MetadataRef, metadataOf } from '../client/resource-ref.ts';
import type { RunningInformer } from '../client/shared-informer.ts';
import type { WorkQueue } from '../client/work-queue.ts';
import { sleep } from '../clock.ts';
import type { KubernetesObject, OwnerReference } from '../objects.ts';
import { isReason } from '../status.ts';
import {
  GarbageGraph,
  type GraphNode,
  graphNode,
  isDeletingDependents,
  isOrphaning,
} from './garbage-graph.ts';
import { ignoreNotFound } from './ownership.ts';
import type { Controller, ControllerContext } from './runner.ts';

const rediscoverMs = 30_000;
/** Events have no dependents and are many. */
const ignored: ReadonlySet<string> = new Set(['/events', 'events.k8s.io/events']);

interface Parts {
  readonly context: ControllerContext;
  readonly graph: GarbageGraph;
  readonly queue: WorkQueue;
  /** `apiVersion/kind` → resource, of the last discovery. */
  readonly kinds: Map<string, MetadataRef>;
  readonly watched: Map<string, Watched>;
  /** Keys that came while the graph was not whole; undefined once it is. */
  early: Set<string> | undefined;
}

interface Watched {
  readonly ref: MetadataRef;
  readonly informer: RunningInformer<KubernetesObject>;
  readonly stop: () => void;
}

export const garbageCollectorController: Controller = {
  name: 'generic-garbage-collector',
  start(context) {
    const graph = new GarbageGraph();
    const queue = context.queue(
      'garbage',
      async (uid) => {
        // A dependent that is not known yet must not be taken for one that is gone.
        if (parts.early === undefined) await attempt(parts, uid);
        else parts.early.add(uid);
        return undefined;
      },
      { workers: 20 },
    );
    const parts: Parts = {
      context,
      graph,
      queue,
      kinds: new Map(),
      watched: new Map(),
      early: new Set(),
    };
    context.every('watch all resources', rediscoverMs, async () => {
      watchResources(parts, await discover(context.client));
      const informers = [...parts.watched.values()].map(({ informer }) => informer);
      const whole = Promise.all(informers.map((informer) => informer.synced()));
      // A round that waits for ever would be the last one.
      await Promise.race([whole, sleep(context.clock, rediscoverMs, context.signal)]);
      if (!informers.every((informer) => informer.hasSynced)) return;
      const { early } = parts;
      parts.early = undefined;
      for (const uid of early ?? []) queue.add(uid);
    });
  },
};

function watchResources(parts: Parts, discovery: Discovery): void {
  const { context, kinds, watched } = parts;
  const needed = ['list', 'watch', 'delete'];
  const now = new Set<string>();
  for (const resource of discovery.resources) {
    const ref = metadataOf(resource);
    const key = `${ref.group}/${ref.plural}`;
    kinds.set(`${apiVersionOf(ref)}/${ref.kind}`, ref);
    if (ignored.has(key) || !needed.every((verb) => resource.verbs.includes(verb))) continue;
    now.add(key);
    if (watched.has(key)) continue;
    const informer = context.informers.informer(ref);
    const stop = informer.subscribe({
      add: (object) => changed(parts, graphNode(ref, object), undefined),
      update: (object, old) => changed(parts, graphNode(ref, object), graphNode(ref, old)),
      delete: (object) => gone(parts, object),
    });
    watched.set(key, { ref, informer, stop });
  }
  if (discovery.failures.size > 0) return;
  for (const [key, { ref, stop }] of watched) {
    if (now.has(key)) continue;
    watched.delete(key);
    stop();
    context.informers.forget(ref).catch((error) => context.logger.error('cannot stop', error));
  }
}

function changed(parts: Parts, node: GraphNode, old: GraphNode | undefined): void {
  const { graph, queue } = parts;
  graph.put(node);
  if (node.owners.length > 0 && (old === undefined || differ(node.owners, old.owners))) {
    queue.add(node.uid);
  }
  if (isOrphaning(node) || isDeletingDependents(node)) queue.add(node.uid);
  // A dependent that no longer blocks may be what its owner was waiting for.
  for (const { uid } of old?.owners ?? []) wakeWaiting(parts, uid);
}

function differ(a: readonly OwnerReference[], b: readonly OwnerReference[]): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}

function wakeWaiting(parts: Parts, uid: string): void {
  const owner = parts.graph.get(uid);
  if (owner !== undefined && isDeletingDependents(owner)) parts.queue.add(uid);
}

function gone(parts: Parts, object: KubernetesObject): void {
  const uid = object.metadata?.uid ?? '';
  const node = parts.graph.get(uid);
  parts.graph.delete(uid);
  for (const dependent of parts.graph.dependentsOf(uid)) parts.queue.add(dependent.uid);
  for (const owner of node?.owners ?? []) wakeWaiting(parts, owner.uid);
}

async function attempt(parts: Parts, uid: string): Promise<void> {
  const { client } = parts.context;
  const known = parts.graph.get(uid);
  if (known === undefined || isHeld(parts, known)) return;
  const { ref, namespace, name } = known;
  const live = await client.get(ref, namespace, name).catch((error) => {
    if (isReason(error, 'NotFound')) return undefined;
    throw error;
  });
  if (live === undefined || live.metadata?.uid !== uid) return;
  const node = graphNode(ref, live);
  if (isOrphaning(node)) return orphanDependents(parts, node, live);
  if (isDeletingDependents(node)) return deleteDependents(parts, node, live);
  if (node.deleting || node.owners.length === 0) return;
  await deleteUnlessOwned(parts, node, live);
}

/** Whether the graph alone shows that there is nothing to do: no call for each new object. */
function isHeld(parts: Parts, node: GraphNode): boolean {
  if (node.deleting) return !isOrphaning(node) && !isDeletingDependents(node);
  return node.owners.every((owner) => {
    const known = knownOwner(parts, node, owner);
    return known !== undefined && !isDeletingDependents(known);
  });
}

function knownOwner(parts: Parts, node: GraphNode, owner: OwnerReference): GraphNode | undefined {
  const known = parts.graph.get(owner.uid);
  if (known === undefined || known.name !== owner.name || known.ref.kind !== owner.kind) {
    return undefined;
  }
  return known.namespace === '' || known.namespace === node.namespace ? known : undefined;
}

async function deleteUnlessOwned(parts: Parts, node: GraphNode, live: KubernetesObject) {
  const { client } = parts.context;
  const solid: OwnerReference[] = [];
  const waiting: OwnerReference[] = [];
  for (const owner of node.owners) {
    const state = await stateOf(parts, node, owner);
    if (state === 'solid') solid.push(owner);
    else if (state === 'waiting') waiting.push(owner);
  }
  if (solid.length === node.owners.length) return;
  if (solid.length > 0) return patchOwners(parts, live, node.ref, solid);
  const dependents = parts.graph.dependentsOf(node.uid);
  let propagationPolicy: 'Background' | 'Foreground' | 'Orphan' = 'Background';
  if (waiting.length > 0 && dependents.length > 0) {
    // Two that wait for each other would wait for ever: the blocking is given up first.
    if (dependents.some(isDeletingDependents)) {
      const unblocked = node.owners.map((owner) => ({ ...owner, blockOwnerDeletion: false }));
      await patchOwners(parts, live, node.ref, unblocked);
    }
    propagationPolicy = 'Foreground';
  } else if (node.finalizers.includes('orphan')) propagationPolicy = 'Orphan';
  else if (node.finalizers.includes('foregroundDeletion')) propagationPolicy = 'Foreground';
  const { uid, namespace, name } = node;
  await client.delete(node.ref, namespace, name, { uid, propagationPolicy }).catch(ignoreNotFound);
}

/** Whether an owner holds its dependent; one that the graph does not know is looked up live. */
async function stateOf(
  parts: Parts,
  node: GraphNode,
  owner: OwnerReference,
): Promise<'solid' | 'waiting' | 'absent'> {
  const known = knownOwner(parts, node, owner);
  if (known !== undefined) return isDeletingDependents(known) ? 'waiting' : 'solid';
  const ref =
    parts.kinds.get(`${owner.apiVersion}/${owner.kind}`) ?? (await findKind(parts, owner));
  // A cluster-scoped object cannot be owned from within a namespace: leave it alone.
  if (ref.namespaced && node.namespace === '') return 'solid';
  const { client } = parts.context;
  try {
    const live = await client.get(ref, ref.namespaced ? node.namespace : '', owner.name);
    if (live.metadata?.uid !== owner.uid) return 'absent';
    return isDeletingDependents(graphNode(ref, live)) ? 'waiting' : 'solid';
  } catch (error) {
    if (isReason(error, 'NotFound')) return 'absent';
    throw error;
  }
}

/** A version that is served but not preferred, or a kind that is new. */
async function findKind(parts: Parts, owner: OwnerReference): Promise<MetadataRef> {
  const path = owner.apiVersion.includes('/')
    ? `/apis/${owner.apiVersion}`
    : `/api/${owner.apiVersion}`;
  const list = (await parts.context.client.raw('GET', path)) as {
    resources?: readonly { name: string; kind: string; namespaced: boolean }[];
  };
  const found = list.resources?.find(
    (each) => each.kind === owner.kind && !each.name.includes('/'),
  );
  if (found === undefined) {
    throw new Error(`cannot find the resource of owner kind ${owner.apiVersion} ${owner.kind}`);
  }
  const [version = '', group = ''] = owner.apiVersion.split('/').reverse();
  const { kind, name: plural, namespaced } = found;
  const ref = metadataOf({ group, version, kind, plural, namespaced });
  parts.kinds.set(`${owner.apiVersion}/${owner.kind}`, ref);
  return ref;
}

async function deleteDependents(parts: Parts, node: GraphNode, live: KubernetesObject) {
  const dependents = parts.graph.dependentsOf(node.uid);
  const blocking = dependents.filter((each) =>
    each.owners.some((owner) => owner.uid === node.uid && owner.blockOwnerDeletion === true),
  );
  for (const each of dependents) if (!isDeletingDependents(each)) parts.queue.add(each.uid);
  if (blocking.length === 0) await removeFinalizer(parts, live, node.ref, 'foregroundDeletion');
}

async function orphanDependents(parts: Parts, node: GraphNode, live: KubernetesObject) {
  for (const dependent of parts.graph.dependentsOf(node.uid)) {
    const object = await parts.context.client
      .get(dependent.ref, dependent.namespace, dependent.name)
      .catch(ignoreNotFound);
    if (object === undefined || object.metadata?.uid !== dependent.uid) continue;
    const owners = object.metadata.ownerReferences ?? [];
    const kept = owners.filter((owner) => owner.uid !== node.uid);
    if (kept.length < owners.length) await patchOwners(parts, object, dependent.ref, kept);
  }
  await removeFinalizer(parts, live, node.ref, 'orphan');
}

/** The resourceVersion makes it fail, and be tried again, when someone wrote in between. */
async function patchMetadata(
  parts: Parts,
  object: KubernetesObject,
  ref: MetadataRef,
  change: object,
): Promise<void> {
  const { uid, resourceVersion, namespace = '', name = '' } = object.metadata ?? {};
  const patch = { metadata: { uid, resourceVersion, ...change } };
  await parts.context.client.patch(ref, namespace, name, 'merge', patch).catch(ignoreNotFound);
}

function patchOwners(
  parts: Parts,
  object: KubernetesObject,
  ref: MetadataRef,
  ownerReferences: readonly OwnerReference[],
): Promise<void> {
  return patchMetadata(parts, object, ref, { ownerReferences });
}

function removeFinalizer(
  parts: Parts,
  object: KubernetesObject,
  ref: MetadataRef,
  finalizer: string,
): Promise<void> {
  const finalizers = (object.metadata?.finalizers ?? []).filter((each) => each !== finalizer);
  return patchMetadata(parts, object, ref, { finalizers });
}
