// The Deployment controller: rolls templates out through ReplicaSets, and keeps their history.
import { keyOf, splitKey } from '../client/object-store.ts';
import { deployments, pods, replicaSets } from '../client/resource-ref.ts';
import type { Deployment, Pod, ReplicaSet } from '../objects.ts';
import { createRollout, type RolloutParts } from './deployment-rollout.ts';
import { byController, claim, controllerOf, ownerSelector } from './ownership.ts';
import type { Controller, ControllerContext, Requeue } from './runner.ts';

export const deploymentController: Controller = {
  name: 'deployment-controller',
  start(context) {
    const own = context.informers.informer(deployments);
    const sets = context.informers.informer(replicaSets, { indexers: byController });
    const allPods = context.informers.informer(pods, { indexers: byController });
    const reconcile = async (key: string): Promise<Requeue | undefined> => {
      const { namespace, name } = splitKey(key);
      const deployment = own.get(namespace, name);
      if (deployment === undefined) return undefined;
      const candidates = [
        ...sets.byIndex('controller', deployment.metadata?.uid ?? ''),
        ...sets.byIndex('controller', `orphans/${namespace}`),
      ];
      return sync(context, deployment, candidates, (set) =>
        allPods.byIndex('controller', set.metadata?.uid ?? ''),
      );
    };
    const queue = context.queue('deployment', reconcile, { allKeys: () => own.keys() });
    const wakeOwner = (set: ReplicaSet) => {
      const reference = controllerOf(set);
      const { namespace = '' } = set.metadata ?? {};
      if (reference !== undefined) {
        const owner = own.get(namespace, reference.name);
        if (owner?.metadata?.uid === reference.uid) queue.add(keyOf(owner));
        return;
      }
      for (const each of own.list(namespace)) {
        if (ownerSelector(each.spec?.selector)(set.metadata?.labels)) queue.add(keyOf(each));
      }
    };
    own.subscribe({
      add: (each) => queue.add(keyOf(each)),
      update: (each) => queue.add(keyOf(each)),
    });
    sets.subscribe({
      add: wakeOwner,
      update: (set, old) => {
        if (controllerOf(set)?.uid !== controllerOf(old)?.uid) wakeOwner(old);
        wakeOwner(set);
      },
      delete: wakeOwner,
    });
    // Recreate waits for the last old pod to be gone.
    allPods.subscribe({
      delete: (pod: Pod) => {
        const reference = controllerOf(pod);
        if (reference?.kind !== 'ReplicaSet') return;
        const set = sets.get(pod.metadata?.namespace ?? '', reference.name);
        const owner = set === undefined ? undefined : controllerOf(set);
        const found = owner && own.get(pod.metadata?.namespace ?? '', owner.name);
        if (found?.spec?.strategy?.type === 'Recreate') queue.add(keyOf(found));
      },
    });
  },
};

async function sync(
  context: ControllerContext,
  deployment: Deployment,
  candidates: readonly ReplicaSet[],
  podsOf: RolloutParts['podsOf'],
): Promise<Requeue | undefined> {
  const { spec } = deployment;
  const selector = spec?.selector;
  if (!selector?.matchExpressions?.length && !Object.keys(selector?.matchLabels ?? {}).length) {
    const message = 'This deployment is selecting all pods. A non-empty selector is required.';
    context.events.event(deployments, deployment, 'Warning', 'SelectingAll', message);
    return undefined;
  }
  const sets = await claim(candidates, {
    client: context.client,
    ownerRef: deployments,
    owner: deployment,
    childRef: replicaSets,
    matches: ownerSelector(selector),
  });
  const rollout = createRollout({ context, deployment, sets, podsOf });
  if (deployment.metadata?.deletionTimestamp !== undefined) return rollout.statusOnly();
  await rollout.notePause();
  if (spec?.paused === true || rollout.isScaling()) return rollout.scale();
  return spec?.strategy?.type === 'Recreate' ? rollout.recreate() : rollout.rolling();
}
