// The namespace controller: empties a namespace that is being deleted, then lets it go.

import { type DiscoveredResource, type Discovery, discover } from '../client/discovery.ts';
import { keyOf } from '../client/object-store.ts';
import { metadataOf, namespaces } from '../client/resource-ref.ts';
import type { KubernetesObject, Namespace } from '../objects.ts';
import { isReason } from '../status.ts';
import { type Content, namespaceConditions, sameConditions } from './namespace-plan.ts';
import { ignoreNotFound } from './ownership.ts';
import type { Controller, ControllerContext, Requeue } from './runner.ts';

/** Looks again this soon after the first pass that left something, then less and less often. */
const recheckFirstMs = 50;
const recheckMaxMs = 5000;

export const namespaceController: Controller = {
  name: 'namespace-controller',
  start(context) {
    const own = context.informers.informer(namespaces);
    const rechecks = new Map<string, number>();
    const reconcile = async (key: string): Promise<Requeue | undefined> => {
      const namespace = own.get('', key);
      const deleting = namespace?.metadata?.deletionTimestamp !== undefined;
      if (namespace === undefined || !deleting || !holds(namespace)) {
        rechecks.delete(key);
        return undefined;
      }
      if (await empty(context, namespace)) return undefined;
      const delayMs = rechecks.get(key) ?? recheckFirstMs;
      rechecks.set(key, Math.min(delayMs * 2, recheckMaxMs));
      return { requeueAfterMs: delayMs };
    };
    const queue = context.queue('namespace', reconcile, { workers: 10 });
    const wake = (namespace: Namespace) => {
      if (namespace.metadata?.deletionTimestamp !== undefined) queue.add(keyOf(namespace));
    };
    own.subscribe({ add: wake, update: wake, delete: (each) => rechecks.delete(keyOf(each)) });
  },
};

function holds(namespace: Namespace): boolean {
  return (namespace.spec?.finalizers ?? []).includes('kubernetes');
}

/** True when the namespace is empty and was released. */
async function empty(context: ControllerContext, seen: Namespace): Promise<boolean> {
  const { client } = context;
  const name = seen.metadata?.name ?? '';
  const discovery = await discover(client);
  const content = await deleteContent(context, name, discovery);
  const nowMs = context.clock.nowMs();
  const left = content.remaining.size > 0 || content.failures.length > 0;
  const done = !left && discovery.failures.size === 0;
  let latest: Namespace;
  try {
    latest = await client.get(namespaces, '', name);
    if (latest.metadata?.uid !== seen.metadata?.uid) return true;
    const conditions = namespaceConditions(latest, content, discovery.failures, nowMs);
    const same = sameConditions(latest.status?.conditions ?? [], conditions);
    if (!done && !same) {
      const status = { ...latest.status, phase: 'Terminating', conditions };
      latest = await client.update(namespaces, { ...latest, status }, { subresource: 'status' });
    }
    if (!done) return false;
    const finalizers = (latest.spec?.finalizers ?? []).filter((each) => each !== 'kubernetes');
    const released = { ...latest, spec: { ...latest.spec, finalizers } };
    await client.update(namespaces, released, { subresource: 'finalize' });
  } catch (error) {
    if (isReason(error, 'NotFound')) return true;
    throw error;
  }
  return true;
}

/** Pods go first and alone, so that nothing they depend on vanishes under them (KEP-5080). */
async function deleteContent(
  context: ControllerContext,
  namespace: string,
  discovery: Discovery,
): Promise<Content> {
  const content: Content = { remaining: new Map(), finalizers: new Map(), failures: [] };
  const deletable = discovery.resources.filter(
    (each) => each.namespaced && each.verbs.includes('delete') && each.verbs.includes('list'),
  );
  const isPods = (each: DiscoveredResource) => each.group === '' && each.plural === 'pods';
  for (const resource of deletable.filter(isPods)) {
    await deleteAll(context, namespace, resource, content);
  }
  if (content.remaining.size > 0 || content.failures.length > 0) return content;
  const others = deletable.filter((each) => !isPods(each));
  await Promise.all(others.map((each) => deleteAll(context, namespace, each, content)));
  return content;
}

async function deleteAll(
  context: ControllerContext,
  namespace: string,
  resource: DiscoveredResource,
  content: Content,
): Promise<void> {
  const { client } = context;
  const ref = metadataOf(resource);
  // Upstream's message has the dot of the core group, too: `pods. has 1 resource instances`.
  const label = `${resource.plural}.${resource.group}`;
  try {
    // A look first: most resources have nothing here, and a look is cheaper than a delete.
    let items = (await client.list(ref, { namespace })).items;
    if (items.length === 0) return;
    if (resource.verbs.includes('deletecollection')) {
      await client.deleteCollection(ref, { namespace, propagationPolicy: 'Background' });
    } else {
      await Promise.all(
        items.map((item) =>
          client
            .delete(ref, namespace, item.metadata?.name ?? '', { propagationPolicy: 'Background' })
            .catch(ignoreNotFound),
        ),
      );
    }
    items = (await client.list(ref, { namespace })).items;
    if (items.length > 0) content.remaining.set(label, items.length);
    countFinalizers(items, content);
  } catch (error) {
    if (isReason(error, 'NotFound') || isReason(error, 'MethodNotAllowed')) return;
    content.failures.push(error instanceof Error ? error.message : String(error));
  }
}

function countFinalizers(items: readonly KubernetesObject[], content: Content): void {
  for (const finalizer of items.flatMap((item) => item.metadata?.finalizers ?? [])) {
    content.finalizers.set(finalizer, (content.finalizers.get(finalizer) ?? 0) + 1);
  }
}
