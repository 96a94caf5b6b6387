// Listers of kinds that make scheduling better but that an API need not serve.
import type { Client } from '../client/client.ts';
import type { Lister } from '../client/informer.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import {
  apiVersionOf,
  podDisruptionBudgets,
  type ResourceRef,
  replicaSets,
  replicationControllers,
  statefulSets,
} from '../client/resource-ref.ts';
import { type Clock, sleep } from '../clock.ts';
import { describeError, type Logger } from '../logger.ts';
import type { KubernetesObject, PodDisruptionBudget } from '../objects.ts';
import { isReason } from '../status.ts';
import type { SelectorOwner } from './cluster-facts.ts';

export interface OptionalListers {
  owner(kind: string, namespace: string, name: string): SelectorOwner | undefined;
  budgets(): readonly PodDisruptionBudget[];
  /** Resolves once it is known what the API serves, and informers of that have been made. */
  found(): Promise<void>;
}

const retryMs = 1_000;

/** Asks discovery once, at the start; what is not served is taken as empty. */
export function optionalListers(options: {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): OptionalListers {
  const { client, informers, clock, logger, signal } = options;
  const listers = new Map<string, Lister<KubernetesObject>>();
  const lister = <T extends KubernetesObject>(ref: ResourceRef<T>) =>
    // The kind says what its objects are.
    listers.get(ref.kind) as Lister<T> | undefined;
  const find = async <T extends KubernetesObject>(ref: ResourceRef<T>) => {
    const path = `${ref.group === '' ? '/api' : '/apis'}/${apiVersionOf(ref)}`;
    while (!signal.aborted) {
      try {
        const answer = await client.raw('GET', path);
        const { resources = [] } = answer as { readonly resources?: readonly { name: string }[] };
        const served = resources.some(({ name }) => name === ref.plural);
        if (served) listers.set(ref.kind, informers.informer(ref));
        return;
      } catch (error) {
        if (isReason(error, 'NotFound')) return;
        logger.warn('what is served is not known yet', { path, why: describeError(error) });
        await sleep(clock, retryMs, signal);
      }
    }
  };
  return {
    owner(kind, namespace, name) {
      if (kind === 'ReplicaSet') return lister(replicaSets)?.get(namespace, name);
      if (kind === 'StatefulSet') return lister(statefulSets)?.get(namespace, name);
      if (kind !== 'ReplicationController') return undefined;
      const selector = lister(replicationControllers)?.get(namespace, name)?.spec?.selector;
      return selector === undefined ? undefined : { spec: { selector: { matchLabels: selector } } };
    },
    budgets: () => lister(podDisruptionBudgets)?.list() ?? [],
    async found() {
      await Promise.all([
        find(replicaSets),
        find(statefulSets),
        find(replicationControllers),
        find(podDisruptionBudgets),
      ]);
    },
  };
}
