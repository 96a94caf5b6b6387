// The ServiceCIDR controller: protects ranges that addresses are taken from, and says which are ready.
import { keyOf } from '../client/object-store.ts';
import { ipAddresses, metadataOf, serviceCidrs } from '../client/resource-ref.ts';
import { timestamp } from '../clock.ts';
import type { KubernetesObject, ServiceCIDR } from '../objects.ts';
import { ignoreNotFound } from './ownership.ts';
import type { Controller, ControllerContext } from './runner.ts';
import {
  holdersOf,
  overlapping,
  planServiceCidr,
  protectionFinalizer,
  type ServiceCidrPlan,
} from './service-cidr-plan.ts';

const fieldManager = 'service-cidr-controller';

async function carryOut(
  { client, clock }: ControllerContext,
  name: string,
  { finalizer, condition }: ServiceCidrPlan,
): Promise<void> {
  if (finalizer !== undefined) {
    const list = finalizer === 'add' ? 'finalizers' : '$deleteFromPrimitiveList/finalizers';
    const patch = { metadata: { [list]: [protectionFinalizer] } };
    await client.patch(serviceCidrs, '', name, 'strategic', patch).catch(ignoreNotFound);
  }
  if (condition === undefined) return;
  const lastTransitionTime = timestamp(clock);
  const applied = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name },
    status: { conditions: [{ ...condition, lastTransitionTime }] },
  };
  const options = { fieldManager, force: true, subresource: 'status' };
  await client.patch(serviceCidrs, '', name, 'apply', applied, options).catch(ignoreNotFound);
}

export const serviceCidrController: Controller = {
  name: 'service-cidrs-controller',
  start(context) {
    const { informers, clock } = context;
    const all = informers.informer(serviceCidrs);
    const addresses = informers.informer(metadataOf(ipAddresses));
    const queue = context.queue('service-cidr', async (name) => {
      const cidr = all.get('', name);
      if (cidr === undefined) return undefined;
      const plan = planServiceCidr(cidr, all.list(), addresses.list(), clock.nowMs());
      await carryOut(context, name, plan);
      const { requeueAfterMs } = plan;
      return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
    });
    const wake = (cidr: ServiceCIDR) => queue.add(keyOf(cidr));
    const wakeAround = (cidr: ServiceCIDR) => overlapping(cidr, all.list()).forEach(wake);
    all.subscribe({
      add(cidr) {
        wake(cidr);
        wakeAround(cidr);
      },
      update: wake,
      delete: wakeAround,
    });
    // A new address may keep a range from going, one that is gone may let it go.
    const wakeHolders = (address: KubernetesObject) => {
      const going = all.list().filter(({ metadata }) => metadata?.deletionTimestamp !== undefined);
      if (going.length > 0) holdersOf(address, going).forEach(wake);
    };
    addresses.subscribe({ add: wakeHolders, delete: wakeHolders });
  },
};
