// All that Services are given from, for writes and for dry runs.

import type { Random } from '../../random.ts';
import { type IpFamily, parseCidr } from '../../registry/core/ip-range.ts';
import type { Pool, ServicePools } from '../../registry/core/service-allocation.ts';
import type { ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { Driver } from '../../storage/driver.ts';
import type { ObjectReader } from '../object-reader.ts';
import { ClusterIps, DryClusterIps } from './cluster-ips.ts';
import { DryNodePorts, NodePorts } from './node-ports.ts';

interface Parts {
  readonly driver: Driver;
  readonly registry: ResourceRegistry;
  readonly objects: ObjectReader;
  readonly random: Random;
  /** One CIDR, or two of different families with a comma between them. */
  readonly serviceRange: string;
}

export interface Pools {
  readonly real: ServicePools & { readonly ports: NodePorts };
  /** A fresh one for each request: it remembers what that request was shown. */
  dry(): ServicePools;
}

/** The cluster's service ranges, primary first. */
export function serviceRanges(serviceRange: string): string[] {
  return serviceRange.split(',').map((range) => range.trim());
}

export function createServicePools(parts: Parts): Pools {
  const families = serviceRanges(parts.serviceRange).flatMap(
    (range) => parseCidr(range)?.family ?? [],
  );
  const byFamily = (make: (family: IpFamily) => Pool<string>) =>
    new Map(families.map((family) => [family, make(family)]));
  const ports = new NodePorts(parts.driver, parts.random);
  return {
    real: { ips: byFamily((family) => new ClusterIps(parts, family)), ports },
    dry: () => ({
      ips: byFamily((family) => new DryClusterIps(parts.objects, family)),
      ports: new DryNodePorts(ports),
    }),
  };
}
