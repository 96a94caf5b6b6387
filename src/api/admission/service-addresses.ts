// Gives Services their cluster addresses and node ports, and takes them back when they go.
import type { Logger } from '../../logger.ts';
import type { Service } from '../../objects.ts';
import {
  allocateService,
  claimsOf,
  ownerOf,
  releaseClaims,
} from '../../registry/core/service-allocation.ts';
import type { AdmissionAttributes } from '../../registry/engine/types.ts';
import type { Pools } from '../allocation/service-pools.ts';
import { type AdmissionParts, type AdmissionPlugin, targetOf } from './plugin.ts';

/**
 * Upstream's storage of Services does this around the write. What is taken is the Service's before
 * the Service is there, so it stands last among the mutating plugins.
 */
export function serviceAddresses({ pools, logger }: AdmissionParts): AdmissionPlugin {
  return {
    name: 'ServiceAddresses',
    mutate: (attributes) =>
      targetOf(attributes) === 'services' ? give(pools, attributes, logger) : undefined,
  };
}

async function give(pools: Pools, attributes: AdmissionAttributes, logger: Logger) {
  const settle = await begin(pools, attributes);
  // What cannot be given back now is found by the repair.
  attributes.afterwards?.((outcome) =>
    settle(outcome).catch((error: unknown) => {
      logger.error('cannot give service addresses back', error);
    }),
  );
}

type Settle = (outcome: 'written' | 'deleted' | 'nothing') => Promise<void>;

async function begin(pools: Pools, attributes: AdmissionAttributes): Promise<Settle> {
  const { operation, context, object } = attributes;
  const old = attributes.old as Service | undefined;
  const free = async () => {
    if (old !== undefined) await releaseClaims(pools.real, ownerOf(old), claimsOf(old));
  };
  if (operation === 'DELETE' || object === undefined) {
    return async (outcome) => {
      if (outcome === 'deleted') await free();
    };
  }
  const allocation = await allocateService(
    object as Service,
    old,
    context.dryRun ? pools.dry() : pools.real,
  );
  return async (outcome) => {
    if (outcome === 'written') return allocation.commit();
    await allocation.revert();
    if (outcome === 'deleted') await free();
  };
}
