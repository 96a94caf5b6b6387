// The node IPAM controller: gives each node a block of pod addresses from the cluster's range.
import { keyOf } from '../client/object-store.ts';
import { nodes } from '../client/resource-ref.ts';
import type { Node } from '../objects.ts';
import { ignoreNotFound } from './ownership.ts';
import type { Controller } from './runner.ts';

const maskSizeDefault = 24;

export const nodeAddressController: Controller = {
  // Upstream's IPAM calls as the node controller, too.
  name: 'node-controller',
  start(context) {
    const { clusterCidr, nodeCidrMaskSize = maskSizeDefault } = context.options;
    if (clusterCidr === undefined) return;
    const blocks = createBlocks(clusterCidr, nodeCidrMaskSize);
    const all = context.informers.informer(nodes);
    // One worker: two must not take the same block.
    const queue = context.queue(
      'node-ipam',
      async (name) => {
        const node = all.get('', name);
        if (node === undefined || node.metadata?.deletionTimestamp !== undefined) return undefined;
        if ((node.spec?.podCIDR ?? '') !== '') return undefined;
        const block = blocks.take(name);
        if (block === undefined) {
          const message = `Node ${name} status is now: CIDRNotAvailable`;
          context.events.event(nodes, node, 'Normal', 'CIDRNotAvailable', message);
          throw new Error(`cannot give node ${name} addresses: no block of ${clusterCidr} is free`);
        }
        const patch = {
          metadata: { uid: node.metadata?.uid },
          spec: { podCIDR: block, podCIDRs: [block] },
        };
        try {
          await context.client.patch(nodes, '', name, 'strategic', patch).catch(ignoreNotFound);
        } catch (error) {
          blocks.release(name);
          throw error;
        }
        return undefined;
      },
      { workers: 1 },
    );
    const occupy = (node: Node) => {
      const block = node.spec?.podCIDR;
      if (block !== undefined && block !== '') blocks.occupy(keyOf(node), block);
      queue.add(keyOf(node));
    };
    all.subscribe({
      add: occupy,
      update: occupy,
      delete: (node) => blocks.release(keyOf(node)),
    });
  },
};

/** Blocks of one size of an IPv4 range, each held by at most one name. */
export interface AddressBlocks {
  /** The name's own block, else the first free one; undefined when none is left. */
  take(name: string): string | undefined;
  occupy(name: string, block: string): void;
  release(name: string): void;
}

/** Throws RangeError for a range that is no IPv4 CIDR or is smaller than one block. */
export function createBlocks(range: string, maskSize: number): AddressBlocks {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(range);
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = (match?.slice(1) ?? []).map(Number);
  if (match === null || prefix > maskSize || maskSize > 32) {
    throw new RangeError(`cannot cut ${range} into blocks of /${maskSize}`);
  }
  const base = ((a * 256 + b) * 256 + c) * 256 + d;
  const count = 2 ** (maskSize - prefix);
  const step = 2 ** (32 - maskSize);
  const holders = new Map<string, string>();
  const held = new Map<string, string>();
  let next = 0;
  const nth = (index: number) => {
    const address = base + index * step;
    const bytes = [24, 16, 8, 0].map((bits) => Math.floor(address / 2 ** bits) % 256);
    return `${bytes.join('.')}/${maskSize}`;
  };
  const occupy = (name: string, block: string) => {
    holders.set(block, name);
    held.set(name, block);
  };
  return {
    take(name) {
      const own = held.get(name);
      if (own !== undefined) return own;
      // Round robin, so that a block that was just given back rests before it is used again.
      for (let tried = 0; tried < count; tried++) {
        const block = nth(next);
        next = (next + 1) % count;
        if (holders.has(block)) continue;
        occupy(name, block);
        return block;
      }
      return undefined;
    },
    occupy,
    release(name) {
      const block = held.get(name);
      held.delete(name);
      if (block !== undefined) holders.delete(block);
    },
  };
}
