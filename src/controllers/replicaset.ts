// The ReplicaSet and ReplicationController controllers: keep as many pods as the spec asks for.
import type { InformerFactory } from '../client/informer-factory.ts';
import { keyOf, splitKey } from '../client/object-store.ts';
import { pods } from '../client/resource-ref.ts';
import type { RunningInformer } from '../client/shared-informer.ts';
import type { WorkQueue } from '../client/work-queue.ts';
import type { Pod, ReplicaSet } from '../objects.ts';
import { isReason, StatusError } from '../status.ts';
import { createExpectations, type Expectations, slowStart } from './expectations.ts';
import {
  byController,
  claim,
  controllerOf,
  controllerReference,
  ownerSelector,
} from './ownership.ts';
import { isPodActive, isPodReady, isPodTerminating } from './pod-state.ts';
import {
  type ReplicaOwners,
  replicaSetOwners,
  replicationControllerOwners,
} from './replica-owners.ts';
import {
  planReplicaSet,
  type ReplicaFailure,
  type ReplicaSetPlan,
  replicaSetStatus,
  sameStatus,
} from './replicaset-plan.ts';
import type { Controller, ControllerContext, Requeue } from './runner.ts';

export const replicaSetController = createReplicaController(
  'replicaset-controller',
  replicaSetOwners,
);
export const replicationController = createReplicaController(
  'replication-controller',
  replicationControllerOwners,
);

function createReplicaController(
  name: string,
  ownersOf: (informers: InformerFactory) => ReplicaOwners,
): Controller {
  return {
    name,
    start(context) {
      const sets = ownersOf(context.informers);
      const children = context.informers.informer(pods, { indexers: byController });
      const expectations = createExpectations(context.clock);
      const parts: Parts = { context, sets, children, expectations };
      const queue = context.queue(sets.ref.kind.toLowerCase(), (key) => reconcile(parts, key), {
        allKeys: () => sets.keys(),
      });
      sets.subscribe({
        add: (set) => queue.add(keyOf(set)),
        update: (set) => queue.add(keyOf(set)),
        delete: (set) => {
          expectations.forget(keyOf(set));
          queue.add(keyOf(set));
        },
      });
      watchPods(parts, queue);
    },
  };
}

interface Parts {
  readonly context: ControllerContext;
  readonly sets: ReplicaOwners;
  readonly children: RunningInformer<Pod>;
  readonly expectations: Expectations;
}

function watchPods(parts: Parts, queue: WorkQueue): void {
  const { sets, children, expectations } = parts;
  const ownerOf = (pod: Pod) => {
    const reference = controllerOf(pod);
    if (reference?.kind !== sets.ref.kind) return undefined;
    const set = sets.get(pod.metadata?.namespace ?? '', reference.name);
    return set?.metadata?.uid === reference.uid ? set : undefined;
  };
  const wakeForOrphan = (pod: Pod) => {
    if (controllerOf(pod) !== undefined) return;
    for (const set of sets.list(pod.metadata?.namespace ?? '')) {
      if (ownerSelector(set.spec?.selector)(pod.metadata?.labels)) queue.add(keyOf(set));
    }
  };
  const gone = (pod: Pod) => {
    const owner = ownerOf(pod);
    if (owner === undefined) return;
    expectations.deleted(keyOf(owner), pod.metadata?.uid ?? '');
    queue.add(keyOf(owner));
  };
  children.subscribe({
    add(pod) {
      if (pod.metadata?.deletionTimestamp !== undefined) return gone(pod);
      const owner = ownerOf(pod);
      if (owner === undefined) return wakeForOrphan(pod);
      expectations.created(keyOf(owner));
      queue.add(keyOf(owner));
    },
    update(pod, old) {
      if (pod.metadata?.deletionTimestamp !== undefined) gone(pod);
      const before = ownerOf(old);
      const owner = ownerOf(pod);
      if (before !== undefined && before !== owner) queue.add(keyOf(before));
      if (owner === undefined) return wakeForOrphan(pod);
      queue.add(keyOf(owner));
      const minReadySeconds = owner.spec?.minReadySeconds ?? 0;
      // One second more, because the pod's times have whole seconds.
      if (minReadySeconds > 0 && !isPodReady(old) && isPodReady(pod)) {
        queue.addAfter(keyOf(owner), minReadySeconds * 1000 + 1000);
      }
    },
    delete: gone,
  });
}

async function reconcile(parts: Parts, key: string): Promise<Requeue | undefined> {
  const { context, sets, children, expectations } = parts;
  const { namespace, name } = splitKey(key);
  const set = sets.get(namespace, name);
  if (set === undefined) {
    expectations.forget(key);
    return undefined;
  }
  const maySync = expectations.satisfied(key);
  const uid = set.metadata?.uid ?? '';
  const own = children.byIndex('controller', uid);
  const candidates = [...own, ...children.byIndex('controller', `orphans/${namespace}`)];
  const active = await claim(candidates.filter(isPodActive), {
    client: context.client,
    ownerRef: sets.ref,
    owner: set,
    childRef: pods,
    matches: ownerSelector(set.spec?.selector),
  });
  let failure: { readonly detail: ReplicaFailure; readonly error: unknown } | undefined;
  if (maySync && set.metadata?.deletionTimestamp === undefined) {
    const nowMs = context.clock.nowMs();
    const plan = planReplicaSet(set, active, relatedPods(parts, set, active), nowMs);
    failure = await carryOut(parts, set, plan);
  } else if (set.status?.conditions?.length) {
    // Nothing was tried, so nothing is known to be better.
    const known = set.status.conditions.find((each) => each.type === 'ReplicaFailure');
    if (known !== undefined) {
      const reason = known.reason === 'FailedDelete' ? 'FailedDelete' : 'FailedCreate';
      failure = { detail: { reason, message: known.message ?? '' }, error: undefined };
    }
  }
  const terminating = own.filter(isPodTerminating).length;
  const nowMs = context.clock.nowMs();
  const status = replicaSetStatus(set, active, terminating, failure?.detail, nowMs);
  if (!sameStatus(set.status, status)) {
    await sets.writeStatus(context.client, set, status).catch(ignoreGone);
  }
  if (failure?.error !== undefined) throw failure.error;
  const { minReadySeconds = 0 } = set.spec ?? {};
  const waiting = status.readyReplicas !== status.availableReplicas;
  if (minReadySeconds > 0 && waiting) return { requeueAfterMs: minReadySeconds * 1000 };
  return undefined;
}

function ignoreGone(error: unknown): undefined {
  if (!isReason(error, 'NotFound')) throw error;
  return undefined;
}

/** Pods of every ReplicaSet with the same controller; spreads deletions over nodes. */
function relatedPods(parts: Parts, set: ReplicaSet, own: readonly Pod[]): readonly Pod[] {
  const controller = controllerOf(set);
  if (controller === undefined) return own;
  const siblings = parts.sets.siblings(controller.uid);
  return siblings.flatMap((each) => parts.children.byIndex('controller', each.metadata?.uid ?? ''));
}

async function carryOut(parts: Parts, set: ReplicaSet, plan: ReplicaSetPlan) {
  if (plan.create > 0) return createPods(parts, set, plan.create);
  if (plan.delete.length > 0) return deletePods(parts, set, plan.delete);
  return undefined;
}

async function createPods(parts: Parts, set: ReplicaSet, count: number) {
  const { context, expectations, sets } = parts;
  const key = keyOf(set);
  expectations.expect(key, count, []);
  const pod = podOf(set, sets.ref);
  const { succeeded, error } = await slowStart(count, async () => {
    try {
      const made = await context.client.create(pods, pod);
      const message = `Created pod: ${made.metadata?.name}`;
      context.events.event(sets.ref, set, 'Normal', 'SuccessfulCreate', message);
    } catch (cause) {
      if (!isNamespaceTerminating(cause)) {
        const message = `Error creating: ${messageOf(cause)}`;
        context.events.event(sets.ref, set, 'Warning', 'FailedCreate', message);
      }
      throw cause;
    }
  });
  for (let i = succeeded; i < count; i++) expectations.created(key);
  if (error === undefined || isNamespaceTerminating(error)) return undefined;
  return { detail: { reason: 'FailedCreate' as const, message: messageOf(error) }, error };
}

async function deletePods(parts: Parts, set: ReplicaSet, surplus: readonly Pod[]) {
  const { context, expectations, sets } = parts;
  const key = keyOf(set);
  expectations.expect(
    key,
    0,
    surplus.map((pod) => pod.metadata?.uid ?? ''),
  );
  let first: unknown;
  await Promise.all(
    surplus.map(async (pod) => {
      const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
      try {
        await context.client.delete(pods, namespace, name, { uid });
        const message = `Deleted pod: ${name}`;
        context.events.event(sets.ref, set, 'Normal', 'SuccessfulDelete', message);
      } catch (error) {
        expectations.deleted(key, uid);
        if (isReason(error, 'NotFound')) return;
        const message = `Error deleting: ${messageOf(error)}`;
        context.events.event(sets.ref, set, 'Warning', 'FailedDelete', message);
        first ??= error;
      }
    }),
  );
  if (first === undefined) return undefined;
  const detail = { reason: 'FailedDelete' as const, message: messageOf(first) };
  return { detail, error: first };
}

function podOf(set: ReplicaSet, ref: ReplicaOwners['ref']): Pod {
  const template = set.spec?.template;
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  return {
    metadata: {
      generateName: `${set.metadata?.name}-`,
      namespace: set.metadata?.namespace ?? '',
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(ref, set)],
    },
    ...(template?.spec === undefined ? {} : { spec: template.spec }),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether a create was refused because its namespace is being deleted: no use in trying again. */
export function isNamespaceTerminating(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false;
  const causes = error.status.details?.causes ?? [];
  return causes.some((cause) => cause.reason === 'NamespaceTerminating');
}
