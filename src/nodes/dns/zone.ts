// What the cluster's zone says: Services, endpoints, pods, and where it says nothing.
import { isIPv4, isIPv6 } from 'node:net';
import type { Answer, SrvAnswer } from 'dns-packet';
import type { Lister } from '../../client/informer.ts';
import type { EndpointSlice, Namespace, Service } from '../../objects.ts';
import { clusterAddresses, headlessEndpoints, type NamedEndpoint } from './endpoints.ts';
import { addressOfPodLabel, addressOfReverseName } from './names.ts';

/** An answer from the cluster's own data. */
export interface ZoneAnswer {
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  readonly answers: readonly Answer[];
  readonly additionals?: readonly Answer[];
  /** An ExternalName outside the zone: whose addresses to add. */
  readonly follow?: string;
}

export interface ZoneOptions {
  /** `cluster.local` */
  readonly domain: string;
  /** Seconds. */
  readonly ttl: number;
  readonly services: Lister<Service>;
  /** With index `service` (`namespace/name`) and index `address`. */
  readonly slices: Lister<EndpointSlice>;
  readonly namespaces: Lister<Namespace>;
  /** Whether an address is a pod's or Service's, so that nobody else can know its name. */
  readonly isClusterAddress: (address: string) => boolean;
}

/** The indexes that the zone reads slices by. */
export const sliceIndexers = {
  service: ({ metadata }: EndpointSlice): readonly string[] => {
    const service = metadata?.labels?.['kubernetes.io/service-name'];
    return service === undefined ? [] : [`${metadata?.namespace ?? ''}/${service}`];
  },
  address: ({ endpoints }: EndpointSlice): readonly string[] => [
    ...new Set((endpoints ?? []).flatMap(({ addresses }) => addresses)),
  ],
};

/** The index that the zone reads Services by. */
export const serviceIndexers = {
  address: (service: Service): readonly string[] => clusterAddresses(service),
};

const schemaVersion = '1.1.0';
const nameError: ZoneAnswer = { rcode: 'NXDOMAIN', answers: [] };
const noData: ZoneAnswer = { rcode: 'NOERROR', answers: [] };

type AddressType = 'A' | 'AAAA';

export class Zone {
  readonly #options: ZoneOptions;
  readonly #suffix: string;

  constructor(options: ZoneOptions) {
    this.#options = options;
    this.#suffix = `.${options.domain}`;
  }

  /** The zone's start of authority, which negative answers carry. */
  get soa(): Answer {
    const { domain, ttl } = this.#options;
    return {
      type: 'SOA',
      name: domain,
      ttl,
      data: {
        mname: `ns.dns.${domain}`,
        rname: `hostmaster.${domain}`,
        serial: 1,
        refresh: 7200,
        retry: 1800,
        expire: 86_400,
        minimum: ttl,
      },
    };
  }

  /** The answer for `name` (lower case, no final dot); undefined when another must be asked. */
  lookUp(name: string, type: string): ZoneAnswer | undefined {
    const { domain } = this.#options;
    const address = addressOfReverseName(name);
    if (address !== undefined) return this.#reverse(name, address, type);
    if (name === domain) return this.#apex(type);
    if (!name.endsWith(this.#suffix)) return undefined;
    const labels = name.slice(0, -this.#suffix.length).split('.').reverse();
    const [kind, namespace, ...rest] = labels;
    if (kind === 'dns-version' && namespace === undefined) {
      return this.#only(type, 'TXT', { type: 'TXT', name, ttl: 28_800, data: schemaVersion });
    }
    if (kind === 'dns' && (namespace === undefined || namespace === 'ns')) {
      return namespace === undefined ? noData : this.#nameServer(name, type);
    }
    if (kind !== 'svc' && kind !== 'pod') return nameError;
    if (namespace === undefined) return noData;
    if (this.#options.namespaces.get('', namespace) === undefined) return nameError;
    if (rest.length === 0) return noData;
    if (kind === 'pod') return this.#pod(name, rest, type);
    return this.#service(name, namespace, rest, type);
  }

  #apex(type: string): ZoneAnswer {
    const { domain, ttl } = this.#options;
    if (type === 'SOA') return { rcode: 'NOERROR', answers: [this.soa] };
    const server = `ns.dns.${domain}`;
    return this.#only(type, 'NS', { type: 'NS', name: domain, ttl, data: server });
  }

  #nameServer(name: string, type: string): ZoneAnswer {
    const dns = this.#options.services.get('kube-system', 'kube-dns');
    return this.#addresses(name, type, dns === undefined ? [] : clusterAddresses(dns));
  }

  #only(asked: string, type: string, answer: Answer): ZoneAnswer {
    return asked === type ? { rcode: 'NOERROR', answers: [answer] } : noData;
  }

  #addresses(name: string, type: string, addresses: readonly string[]): ZoneAnswer {
    const matches = type === 'A' ? isIPv4 : type === 'AAAA' ? isIPv6 : undefined;
    if (matches === undefined) return noData;
    const answers = [...new Set(addresses)]
      .filter((address) => matches(address))
      .map((address) => this.#address(name, address));
    return { rcode: 'NOERROR', answers };
  }

  #address(name: string, address: string): Answer {
    const type: AddressType = isIPv4(address) ? 'A' : 'AAAA';
    return { type, name, ttl: this.#options.ttl, data: address };
  }

  #pod(name: string, labels: readonly string[], type: string): ZoneAnswer {
    const address = labels.length === 1 ? addressOfPodLabel(labels[0] ?? '') : undefined;
    return address === undefined ? nameError : this.#addresses(name, type, [address]);
  }

  /** @param labels what stands left of the namespace, nearest first: service, then the rest */
  #service(name: string, namespace: string, labels: readonly string[], type: string): ZoneAnswer {
    const { services, slices, ttl } = this.#options;
    const [serviceName = '', ...rest] = labels;
    const service = services.get(namespace, serviceName);
    if (service === undefined || rest.length > 2) return nameError;
    if (service.spec?.type === 'ExternalName') {
      if (rest.length > 0) return nameError;
      return this.#external(name, service.spec.externalName ?? '', type);
    }
    const [first, second] = rest;
    const isPort = second !== undefined;
    if (isPort && !(first?.startsWith('_') && second.startsWith('_'))) return nameError;
    const port = isPort ? { protocol: first?.slice(1) ?? '', name: second.slice(1) } : undefined;
    const hostname = isPort ? undefined : first;
    const addresses = clusterAddresses(service);
    if (addresses.length > 0 && hostname === undefined) {
      const ports = (service.spec?.ports ?? []).filter((each) => matchesPort(port, each));
      if (port !== undefined && ports.length === 0) return nameError;
      if (type !== 'SRV') return this.#addresses(name, type, addresses);
      const target = isPort ? name.split('.').slice(2).join('.') : name;
      return {
        rcode: 'NOERROR',
        answers: ports.map((each) => srv(name, ttl, target, each.port, ports.length)),
        additionals: addresses.map((address) => this.#address(target, address)),
      };
    }
    const key = `${namespace}/${serviceName}`;
    const found = headlessEndpoints(slices.byIndex('service', key)).filter(
      (each) =>
        (hostname === undefined || each.hostname === hostname) &&
        (port === undefined || each.ports.some((own) => matchesPort(port, own))),
    );
    if (found.length === 0) return nameError;
    if (type !== 'SRV') {
      return this.#addresses(
        name,
        type,
        found.map(({ address }) => address),
      );
    }
    const base = `${serviceName}.${namespace}.svc${this.#suffix}`;
    return this.#endpointPorts(name, base, found, port);
  }

  #endpointPorts(
    name: string,
    base: string,
    endpoints: readonly NamedEndpoint[],
    asked: AskedPort | undefined,
  ): ZoneAnswer {
    const pairs = endpoints.flatMap((each) =>
      each.ports
        .filter((port) => matchesPort(asked, port))
        .map(({ port }) => ({ each, port, target: `${each.hostname}.${base}` })),
    );
    const answers = pairs.map(({ target, port }) =>
      srv(name, this.#options.ttl, target, port, pairs.length),
    );
    const additionals = endpoints.map(({ hostname, address }) =>
      this.#address(`${hostname}.${base}`, address),
    );
    return { rcode: 'NOERROR', answers, additionals };
  }

  #external(name: string, externalName: string, type: string): ZoneAnswer {
    const target = externalName.replace(/\.$/, '').toLowerCase();
    if (target === '') return nameError;
    if (isIPv4(target) || isIPv6(target)) return this.#addresses(name, type, [target]);
    if (type !== 'A' && type !== 'AAAA' && type !== 'CNAME') return noData;
    const alias: Answer = { type: 'CNAME', name, ttl: this.#options.ttl, data: target };
    const answer: ZoneAnswer = { rcode: 'NOERROR', answers: [alias] };
    return type === 'CNAME' ? answer : { ...answer, follow: target };
  }

  #reverse(name: string, address: string, type: string): ZoneAnswer | undefined {
    const { services, slices, ttl } = this.#options;
    const names = services
      .byIndex('address', address)
      .map(({ metadata }) => `${metadata?.name}.${metadata?.namespace}.svc${this.#suffix}`);
    if (names.length === 0) {
      for (const slice of slices.byIndex('address', address)) {
        const [key = ''] = sliceIndexers.service(slice);
        const [namespace, service] = key.split('/');
        const known = headlessEndpoints([slice]).find((each) => each.address === address);
        if (service === undefined || known === undefined) continue;
        names.push(`${known.hostname}.${service}.${namespace}.svc${this.#suffix}`);
      }
    }
    if (names.length === 0) return this.#options.isClusterAddress(address) ? nameError : undefined;
    if (type !== 'PTR') return noData;
    const answers = [...new Set(names)].map((data): Answer => ({ type: 'PTR', name, ttl, data }));
    return { rcode: 'NOERROR', answers };
  }
}

interface AskedPort {
  readonly name: string;
  readonly protocol: string;
}

function matchesPort(
  asked: AskedPort | undefined,
  port: { readonly name?: string; readonly protocol?: string },
): boolean {
  if (asked === undefined) return true;
  const protocol = (port.protocol ?? 'TCP').toLowerCase();
  return asked.name === (port.name ?? '').toLowerCase() && asked.protocol === protocol;
}

function srv(name: string, ttl: number, target: string, port: number, count: number): SrvAnswer {
  const weight = Math.max(1, Math.floor(100 / Math.max(1, count)));
  return { type: 'SRV', name, ttl, data: { priority: 0, weight, port, target } };
}
