// What keeps a number of pods: ReplicaSets, and ReplicationControllers seen as ReplicaSets.
import type { Client } from '../client/client.ts';
import type { InformerHandlers } from '../client/informer.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import { type ResourceRef, replicaSets, replicationControllers } from '../client/resource-ref.ts';
import type { KubernetesObject, ReplicaSet, ReplicationController } from '../objects.ts';
import { byController } from './ownership.ts';
import type { ReplicaSetStatus } from './replicaset-plan.ts';

/** The owners of one kind; what it hands out are ReplicaSets, whatever is stored. */
export interface ReplicaOwners {
  readonly ref: ResourceRef<KubernetesObject>;
  get(namespace: string, name: string): ReplicaSet | undefined;
  list(namespace: string): readonly ReplicaSet[];
  keys(): Iterable<string>;
  /** All with the same controller, by its UID. */
  siblings(controllerUid: string): readonly ReplicaSet[];
  subscribe(handlers: InformerHandlers<ReplicaSet>): void;
  writeStatus(client: Client, set: ReplicaSet, status: ReplicaSetStatus): Promise<unknown>;
}

export function replicaSetOwners(informers: InformerFactory): ReplicaOwners {
  const sets = informers.informer(replicaSets, { indexers: byController });
  return {
    ref: replicaSets,
    get: (namespace, name) => sets.get(namespace, name),
    list: (namespace) => sets.list(namespace),
    keys: () => sets.keys(),
    siblings: (uid) => sets.byIndex('controller', uid),
    subscribe: (handlers) => void sets.subscribe(handlers),
    writeStatus: (client, set, status) =>
      client.update(replicaSets, { ...set, status }, { subresource: 'status' }),
  };
}

export function replicationControllerOwners(informers: InformerFactory): ReplicaOwners {
  const controllers = informers.informer(replicationControllers, { indexers: byController });
  const views = new WeakMap<ReplicationController, ReplicaSet>();
  const view = (controller: ReplicationController) => {
    const known = views.get(controller);
    if (known !== undefined) return known;
    const made = asReplicaSet(controller);
    views.set(controller, made);
    return made;
  };
  return {
    ref: replicationControllers,
    get(namespace, name) {
      const found = controllers.get(namespace, name);
      return found === undefined ? undefined : view(found);
    },
    list: (namespace) => controllers.list(namespace).map(view),
    keys: () => controllers.keys(),
    siblings: (uid) => controllers.byIndex('controller', uid).map(view),
    subscribe: (handlers) =>
      void controllers.subscribe({
        add: (controller) => handlers.add?.(view(controller)),
        update: (next, old) => handlers.update?.(view(next), view(old)),
        delete: (last) => handlers.delete?.(view(last)),
      }),
    async writeStatus(client, set, status) {
      const { namespace = '', name = '' } = set.metadata ?? {};
      const controller = controllers.get(namespace, name);
      if (controller === undefined) return undefined;
      // ReplicationControllers do not count those that are going away.
      const { terminatingReplicas: _, ...rest } = status;
      const next = { ...controller, metadata: { ...set.metadata }, status: rest };
      return await client.update(replicationControllers, next, { subresource: 'status' });
    },
  };
}

function asReplicaSet({ metadata, spec, status }: ReplicationController): ReplicaSet {
  const { selector, template, ...rest } = spec ?? {};
  return {
    ...(metadata === undefined ? {} : { metadata }),
    spec: {
      ...rest,
      selector: { matchLabels: selector ?? {} },
      ...(template === undefined ? {} : { template }),
    },
    ...(status === undefined ? {} : { status }),
  };
}
