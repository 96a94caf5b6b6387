// Who controls what: owner references, adoption and release of children by their owner.
import type { Client } from '../client/client.ts';
import { apiVersionOf, type ResourceRef } from '../client/resource-ref.ts';
import type { KubernetesObject, LabelSelector, OwnerReference } from '../objects.ts';
import { type LabelMatcher, labelSelectorMatcher } from '../selector.ts';
import { isReason } from '../status.ts';

/** The reference that has `controller: true`. */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((reference) => reference.controller === true);
}

export function isControlledBy(object: KubernetesObject, owner: KubernetesObject): boolean {
  const uid = owner.metadata?.uid;
  return uid !== undefined && controllerOf(object)?.uid === uid;
}

export function controllerReference(
  ref: ResourceRef<KubernetesObject>,
  owner: KubernetesObject,
): OwnerReference {
  const { name = '', uid = '' } = owner.metadata ?? {};
  const apiVersion = apiVersionOf(ref);
  return { apiVersion, kind: ref.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** The `controller` index: children by owner's UID, orphans by `orphans/<namespace>`. */
export const byController = {
  controller: (object: KubernetesObject): readonly string[] => [
    controllerOf(object)?.uid ?? `orphans/${object.metadata?.namespace ?? ''}`,
  ],
};

/** A selector that selects nothing when it is empty or broken, as controllers must read it. */
export function ownerSelector(selector: LabelSelector | undefined): LabelMatcher {
  const empty =
    Object.keys(selector?.matchLabels ?? {}).length === 0 &&
    (selector?.matchExpressions ?? []).length === 0;
  if (empty) return () => false;
  try {
    return labelSelectorMatcher(selector);
  } catch {
    return () => false;
  }
}

export interface ClaimOptions<O extends KubernetesObject, C extends KubernetesObject> {
  readonly client: Client;
  readonly ownerRef: ResourceRef<O>;
  readonly owner: O;
  readonly childRef: ResourceRef<C>;
  readonly matches: LabelMatcher;
}

/**
 * The children that `owner` controls: its own that match, and matching orphans after adopting
 * them. Those of its own that match no longer are released. Adoption first looks at the live
 * owner, because an owner that was deleted and made again must not adopt by the old UID.
 */
export async function claim<O extends KubernetesObject, C extends KubernetesObject>(
  children: readonly C[],
  options: ClaimOptions<O, C>,
): Promise<readonly C[]> {
  const { client, owner, ownerRef, childRef, matches } = options;
  const { namespace = '', name = '', uid, deletionTimestamp } = owner.metadata ?? {};
  const claimed: C[] = [];
  let mayAdopt: Promise<boolean> | undefined;
  const checkOwner = async () => {
    const live = await client.get(ownerRef, namespace, name).catch(undefinedWhenGone);
    return live?.metadata?.uid === uid && live?.metadata?.deletionTimestamp === undefined;
  };
  const patch = async (child: C, references: readonly unknown[]) => {
    const { uid: childUid, name: childName = '' } = child.metadata ?? {};
    const body = { metadata: { ownerReferences: references, uid: childUid } };
    return client.patch(childRef, namespace, childName, 'strategic', body).catch(undefinedWhenGone);
  };
  for (const child of children) {
    const controller = controllerOf(child);
    const selected = matches(child.metadata?.labels);
    if (controller !== undefined) {
      if (controller.uid !== uid) continue;
      if (selected) claimed.push(child);
      else if (deletionTimestamp === undefined) await patch(child, [{ $patch: 'delete', uid }]);
      continue;
    }
    const free = deletionTimestamp === undefined && child.metadata?.deletionTimestamp === undefined;
    if (!selected || !free) continue;
    mayAdopt ??= checkOwner();
    if (!(await mayAdopt)) continue;
    const adopted = await patch(child, [controllerReference(ownerRef, owner)]);
    if (adopted !== undefined) claimed.push(adopted);
  }
  return claimed;
}

/** For `catch`: an object that is gone (or is another by now) is no failure. */
export function undefinedWhenGone(error: unknown): undefined {
  if (isReason(error, 'NotFound') || isReason(error, 'Invalid')) return undefined;
  throw error;
}

/** For `catch`: what is already gone needs no deleting. */
export function ignoreNotFound(error: unknown): void {
  if (!isReason(error, 'NotFound')) throw error;
}
