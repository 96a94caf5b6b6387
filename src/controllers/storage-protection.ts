// The protection controllers: what storage is in use leaves only when it no longer is.
import { keyOf, splitKey } from '../client/object-store.ts';
import {
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  type ResourceRef,
  volumeAttributesClasses,
} from '../client/resource-ref.ts';
import type { KubernetesObject, PersistentVolume, PersistentVolumeClaim, Pod } from '../objects.ts';
import { ignoreNotFound } from './ownership.ts';
import type { Controller, ControllerContext } from './runner.ts';
import {
  attributesClassesOf,
  attributesClassFinalizer,
  claimFinalizer,
  claimsOf,
  isBound,
  mayFreeClaims,
  planFinalizer,
  usesClaim,
  volumeFinalizer,
} from './storage-protection-plan.ts';

/** Adds or removes the finalizer; who changed the object meanwhile wins, and it is tried again. */
async function carryOut<T extends KubernetesObject>(
  { client }: ControllerContext,
  ref: ResourceRef<T>,
  object: T,
  finalizer: string,
  plan: 'add' | 'remove' | undefined,
): Promise<void> {
  if (plan === undefined) return;
  const others = (object.metadata?.finalizers ?? []).filter((each) => each !== finalizer);
  const finalizers = plan === 'add' ? [...others, finalizer] : others;
  const next = { ...object, metadata: { ...object.metadata, finalizers } };
  await client.update(ref, next).catch(ignoreNotFound);
}

export const claimProtectionController: Controller = {
  name: 'pvc-protection-controller',
  start(context) {
    const claims = context.informers.informer(persistentVolumeClaims);
    const all = context.informers.informer(pods);
    const isUsed = async (claim: PersistentVolumeClaim) => {
      const { namespace = '' } = claim.metadata ?? {};
      const uses = (pod: Pod) => usesClaim(pod, claim);
      if (all.list(namespace).some(uses)) return true;
      // A pod may be too new to be known here.
      return (await context.client.list(pods, { namespace })).items.some(uses);
    };
    const queue = context.queue('claim-protection', async (key) => {
      const { namespace, name } = splitKey(key);
      const claim = claims.get(namespace, name);
      if (claim === undefined) return;
      const leaving = claim.metadata?.deletionTimestamp !== undefined;
      const used = leaving && (await isUsed(claim));
      const plan = planFinalizer(claim, claimFinalizer, used);
      await carryOut(context, persistentVolumeClaims, claim, claimFinalizer, plan);
    });
    const wakeItself = (claim: PersistentVolumeClaim) => queue.add(keyOf(claim));
    claims.subscribe({ add: wakeItself, update: wakeItself });
    const wake = (pod: Pod) => {
      const { named, made } = claimsOf(pod);
      const namespace = pod.metadata?.namespace ?? '';
      for (const name of [...named, ...made]) queue.add(`${namespace}/${name}`);
    };
    const wakeIfFree = (pod: Pod) => {
      if (mayFreeClaims(pod)) wake(pod);
    };
    all.subscribe({ add: wakeIfFree, update: wakeIfFree, delete: wake });
  },
};

export const volumeProtectionController: Controller = {
  name: 'pv-protection-controller',
  start(context) {
    const volumes = context.informers.informer(persistentVolumes);
    const queue = context.queue('volume-protection', async (name) => {
      const volume = volumes.get('', name);
      if (volume === undefined) return;
      const plan = planFinalizer(volume, volumeFinalizer, isBound(volume));
      await carryOut(context, persistentVolumes, volume, volumeFinalizer, plan);
    });
    const wake = (volume: PersistentVolume) => queue.add(keyOf(volume));
    volumes.subscribe({ add: wake, update: wake });
  },
};

export const attributesClassProtectionController: Controller = {
  name: 'volumeattributesclass-protection-controller',
  start(context) {
    const { informers } = context;
    const classes = informers.informer(volumeAttributesClasses);
    const claims = informers.informer(persistentVolumeClaims);
    const volumes = informers.informer(persistentVolumes);
    const asks = (name: string) => (claim: PersistentVolumeClaim) =>
      attributesClassesOf(claim).includes(name);
    const has =
      (name: string) =>
      ({ spec }: PersistentVolume) =>
        spec?.volumeAttributesClassName === name;
    const isUsed = async (name: string) => {
      if (claims.list().some(asks(name)) || volumes.list().some(has(name))) return true;
      // Users may be too new to be known here.
      const { client } = context;
      return (
        (await client.list(persistentVolumeClaims)).items.some(asks(name)) ||
        (await client.list(persistentVolumes)).items.some(has(name))
      );
    };
    const queue = context.queue('attributes-class-protection', async (name) => {
      const found = classes.get('', name);
      if (found === undefined) return;
      const used = found.metadata?.deletionTimestamp !== undefined && (await isUsed(name));
      const plan = planFinalizer(found, attributesClassFinalizer, used);
      await carryOut(context, volumeAttributesClasses, found, attributesClassFinalizer, plan);
    });
    const wake = (names: readonly (string | undefined)[]) => {
      for (const name of names) if (name) queue.add(name);
    };
    const wakeItself = ({ metadata }: KubernetesObject) => wake([metadata?.name]);
    classes.subscribe({ add: wakeItself, update: wakeItself });
    claims.subscribe({
      update: (_next, old) => wake(attributesClassesOf(old)),
      delete: (claim) => wake(attributesClassesOf(claim)),
    });
    volumes.subscribe({
      update: (_next, old) => wake([old.spec?.volumeAttributesClassName]),
      delete: ({ spec }) => wake([spec?.volumeAttributesClassName]),
    });
  },
};
