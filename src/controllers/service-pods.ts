// Finds the pods of services and the services of pods, and wakes a queue when they change.
import { keyOf, splitKey } from '../client/object-store.ts';
import { pods, services } from '../client/resource-ref.ts';
import type { WorkQueue } from '../client/work-queue.ts';
import type { Pod, Service } from '../objects.ts';
import { isPodReady, podCondition, timeMs } from './pod-state.ts';
import type { ControllerContext } from './runner.ts';

/** Changes of many pods at once make one write, not one each. */
const batchMs = 20;

/** A queue of services; `sync` gets each with its pods. Services without selector are skipped. */
export function watchServices(
  context: ControllerContext,
  name: string,
  sync: (service: Service, itsPods: readonly Pod[]) => Promise<void>,
  onGone: (namespace: string, name: string) => Promise<void> = async () => undefined,
): WorkQueue {
  const all = context.informers.informer(services);
  const allPods = context.informers.informer(pods);
  const queue = context.queue(
    name,
    async (key) => {
      const { namespace, name: serviceName } = splitKey(key);
      const service = all.get(namespace, serviceName);
      if (service === undefined) await onGone(namespace, serviceName);
      const selector = service?.spec?.selector;
      if (service === undefined || selector === undefined) return undefined;
      if (service.metadata?.deletionTimestamp !== undefined) return undefined;
      const matching = allPods.list(namespace).filter((pod) => selects(selector, pod));
      await sync(service, matching);
      return undefined;
    },
    { allKeys: () => all.keys() },
  );
  all.subscribe({
    add: (service) => queue.add(keyOf(service)),
    update: (service) => queue.add(keyOf(service)),
    delete: (service) => queue.add(keyOf(service)),
  });
  const wake = (pod: Pod, old?: Pod) => {
    for (const service of all.list(pod.metadata?.namespace ?? '')) {
      const selector = service.spec?.selector;
      if (selector === undefined) continue;
      if (selects(selector, pod) || (old !== undefined && selects(selector, old))) {
        queue.addAfter(keyOf(service), batchMs);
      }
    }
  };
  allPods.subscribe({
    add: (pod) => wake(pod),
    update: (pod, old) => {
      if (endpointOf(pod) !== endpointOf(old)) wake(pod, old);
    },
    delete: (pod) => wake(pod),
  });
  return queue;
}

function selects(selector: Readonly<Record<string, string>>, pod: Pod): boolean {
  const labels = pod.metadata?.labels ?? {};
  const keys = Object.keys(selector);
  return keys.length > 0 && keys.every((key) => labels[key] === selector[key]);
}

/** All that an endpoint shows of a pod, as text to compare. */
function endpointOf(pod: Pod): string {
  const { labels, deletionTimestamp } = pod.metadata ?? {};
  const { nodeName, hostname, subdomain } = pod.spec ?? {};
  const { phase, podIP, podIPs } = pod.status ?? {};
  const deleting = deletionTimestamp !== undefined;
  const ready = isPodReady(pod);
  return JSON.stringify([
    labels,
    deleting,
    nodeName,
    hostname,
    subdomain,
    phase,
    podIP,
    podIPs,
    ready,
  ]);
}

/** When what the endpoints show came about: the newest readiness change, or the service itself. */
export function lastChange(service: Service, itsPods: readonly Pod[]): string | undefined {
  let last = service.metadata?.creationTimestamp;
  for (const pod of itsPods) {
    const time = podCondition(pod, 'Ready')?.lastTransitionTime;
    if ((timeMs(time) ?? 0) > (timeMs(last) ?? 0)) last = time;
  }
  return last;
}
