// What DNS reads from Services and EndpointSlices: cluster addresses and named endpoints.
import type { EndpointSlice, Service } from '../../objects.ts';
import { podLabelOfAddress } from './names.ts';

export interface NamedEndpoint {
  readonly address: string;
  /** The endpoint's host name, else its address with dashes. */
  readonly hostname: string;
  readonly ports: readonly {
    readonly name: string;
    readonly protocol: string;
    readonly port: number;
  }[];
}

/** A Service's cluster addresses; none when it is headless or an ExternalName. */
export function clusterAddresses({ spec = {} }: Service): readonly string[] {
  const addresses = spec.clusterIPs ?? [spec.clusterIP ?? ''];
  return addresses.filter((address) => address !== '' && address !== 'None');
}

/** Endpoints that are ready (a Service may publish others as ready), each address once. */
export function headlessEndpoints(slices: readonly EndpointSlice[]): readonly NamedEndpoint[] {
  const found = new Map<string, NamedEndpoint>();
  for (const slice of slices) {
    if (slice.addressType === 'FQDN') continue;
    const ports = (slice.ports ?? []).flatMap(({ name = '', protocol = 'TCP', port }) =>
      port === undefined ? [] : [{ name, protocol, port }],
    );
    for (const { addresses, conditions, hostname } of slice.endpoints ?? []) {
      if (conditions?.ready === false) continue;
      for (const address of addresses) {
        const own = hostname === undefined || hostname === '' ? undefined : hostname.toLowerCase();
        const known = found.get(address);
        found.set(address, {
          address,
          hostname: own ?? known?.hostname ?? podLabelOfAddress(address),
          ports: [...(known?.ports ?? []), ...ports],
        });
      }
    }
  }
  return [...found.values()];
}
