// What every active namespace has: the default service account and the cluster's CA.

import { keyOf } from '../client/object-store.ts';
import type { ResourceRef } from '../client/resource-ref.ts';
import { configMaps, namespaces, serviceAccounts } from '../client/resource-ref.ts';
import type { KubernetesObject, Namespace } from '../objects.ts';
import { isReason } from '../status.ts';
import { isNamespaceTerminating } from './replicaset.ts';
import type { Controller, ControllerContext } from './runner.ts';

const rootCaName = 'kube-root-ca.crt';
const rootCaDescription =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal ' +
  'endpoints such as the internal service IP or kubernetes.default.svc. No other usage is ' +
  'guaranteed across distributions of Kubernetes clusters.';

/** Makes the `default` service account of each active namespace, again when it was deleted. */
export const serviceAccountController: Controller = {
  name: 'service-account-controller',
  start(context) {
    const accounts = context.informers.informer(serviceAccounts);
    everyNamespace(context, 'serviceaccount', serviceAccounts, 'default', async (namespace) => {
      if (accounts.get(namespace, 'default') !== undefined) return;
      await create(context, serviceAccounts, { metadata: { name: 'default', namespace } });
    });
  },
};

/** Publishes the CA that pods verify the API with; repairs what others changed. */
export const rootCaController: Controller = {
  name: 'root-ca-cert-publisher',
  start(context) {
    const { rootCa } = context.options;
    if (rootCa === undefined) return;
    const maps = context.informers.informer(configMaps);
    everyNamespace(context, 'root-ca', configMaps, rootCaName, async (namespace) => {
      const known = maps.get(namespace, rootCaName);
      const data = { 'ca.crt': rootCa };
      const annotations = { 'kubernetes.io/description': rootCaDescription };
      if (known === undefined) {
        await create(context, configMaps, {
          metadata: { name: rootCaName, namespace, annotations },
          data,
        });
        return;
      }
      const same = JSON.stringify(known.data) === JSON.stringify(data);
      const described = known.metadata?.annotations?.['kubernetes.io/description'] !== undefined;
      if (same && described) return;
      const metadata = {
        ...known.metadata,
        annotations: { ...known.metadata?.annotations, ...annotations },
      };
      await context.client.update(configMaps, { ...known, metadata, data });
    });
  },
};

/** Keeps one named object in every active namespace. */
function everyNamespace<T extends KubernetesObject>(
  context: ControllerContext,
  queueName: string,
  ref: ResourceRef<T>,
  name: string,
  ensure: (namespace: string) => Promise<void>,
): void {
  const own = context.informers.informer(namespaces);
  const queue = context.queue(queueName, async (key) => {
    const namespace = own.get('', key);
    if (namespace !== undefined && isActive(namespace)) await ensure(key);
    return undefined;
  });
  own.subscribe({
    add: (each) => queue.add(keyOf(each)),
    update: (each) => queue.add(keyOf(each)),
  });
  const wake = (object: KubernetesObject) => {
    if (object.metadata?.name === name) queue.add(object.metadata.namespace ?? '');
  };
  context.informers.informer(ref).subscribe({ update: wake, delete: wake });
}

function isActive(namespace: Namespace): boolean {
  return (
    namespace.metadata?.deletionTimestamp === undefined && namespace.status?.phase !== 'Terminating'
  );
}

async function create<T extends KubernetesObject>(
  context: ControllerContext,
  ref: ResourceRef<T>,
  object: T,
): Promise<void> {
  try {
    await context.client.create(ref, object);
  } catch (error) {
    const over = isReason(error, 'AlreadyExists') || isReason(error, 'NotFound');
    if (!over && !isNamespaceTerminating(error)) throw error;
  }
}
