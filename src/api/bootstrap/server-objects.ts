// The objects that the server makes and repairs itself: namespaces, its own Service, policy.
import type { Clock, Timer } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { EndpointSlice, Endpoints, Service } from '../../objects.ts';
import type { Random } from '../../random.ts';
import type { FoundResource, ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { ApiObject } from '../../registry/resource.ts';
import { systemPriorityClasses } from '../../registry/scheduling/priority-class.ts';
import { isReason } from '../../status.ts';
import { DefaultServiceCidr } from '../allocation/default-service-cidr.ts';
import { serviceRanges } from '../allocation/service-pools.ts';
import { serverContext } from '../server-context.ts';
import {
  authenticationConfigMap,
  type TrustedAuthorities,
  tokenTrackingConfigMap,
  tokenTrackingName,
} from './authentication-config.ts';
import { ensureFlowControl } from './flow-control.ts';
import { ensureBootstrapPolicy, ensureNamespacePolicy } from './policy.ts';

export interface BootstrapOptions extends TrustedAuthorities {
  readonly clock: Clock;
  /**
   * Service range in CIDR form, or two of different families with a comma between them; the first
   * address of the first is the `kubernetes` Service's.
   */
  readonly serviceRange: string;
  /** Where pods and nodes reach this server. */
  readonly advertise: { readonly address: string; readonly port: number };
  /** Of the machine this server runs on; without one the server has no identity Lease. */
  readonly hostname?: string;
}

interface Parts extends BootstrapOptions {
  readonly registry: ResourceRegistry;
  readonly logger: Logger;
  readonly random: Random;
}

const schedulingGroup = 'scheduling.k8s.io';
const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
/** Upstream's reconcile interval. */
const repairIntervalMs = 60_000;

export class ServerObjects {
  readonly #parts: Parts;
  readonly #serviceCidr: DefaultServiceCidr;
  #timer: Timer | undefined;
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#serviceCidr = new DefaultServiceCidr(parts);
  }

  /** Makes all that is missing, what does not depend on each other at the same time. */
  async ensure(): Promise<void> {
    const { registry } = this.#parts;
    const servesPolicy =
      registry.find('rbac.authorization.k8s.io', 'v1', 'clusterroles') !== undefined;
    await Promise.all([
      ...systemNamespaces.map((name) => this.#ensure('', 'namespaces', '', namespaceOf(name))),
      ...systemPriorityClasses.map(({ name, value, description }) =>
        this.#ensure(schedulingGroup, 'priorityclasses', '', {
          apiVersion: `${schedulingGroup}/v1`,
          kind: 'PriorityClass',
          metadata: { name },
          value,
          description,
        }),
      ),
      servesPolicy ? ensureBootstrapPolicy(registry, serverContext) : undefined,
      ensureFlowControl(registry),
      this.#serviceCidr.ensure(),
    ]);
    await Promise.all([
      this.#ensureService(),
      servesPolicy ? ensureNamespacePolicy(registry, serverContext) : undefined,
      ...this.#ensureEndpoints(),
      this.#ensure('', 'configmaps', 'kube-system', authenticationConfigMap(this.#parts)),
      this.#ensure('', 'configmaps', 'kube-system', this.#tokenTracking()),
    ]);
  }

  /** Another server may have taken the address for the same Service and not have written it yet. */
  async #ensureService(): Promise<void> {
    try {
      await this.#ensure('', 'services', 'default', this.#service());
    } catch (error) {
      if (!isReason(error, 'Invalid')) throw error;
      this.#parts.logger.warn(`cannot make the kubernetes Service yet: ${error.message}`);
    }
  }

  /** A loopback address means nothing to pods; such a server has a Service without endpoints. */
  #ensureEndpoints(): readonly Promise<void>[] {
    const { address } = this.#parts.advertise;
    if (address.startsWith('127.') || address === '::1') return [];
    return [
      this.#ensure('', 'endpoints', 'default', this.#endpoints()),
      this.#ensure('discovery.k8s.io', 'endpointslices', 'default', this.#endpointSlice()),
    ];
  }

  /** Repairs now and then. */
  keep(): void {
    this.#timer = this.#parts.clock.setTimeout(() => {
      this.ensure()
        .catch((error: unknown) => this.#parts.logger.error('cannot repair own objects', error))
        .finally(() => {
          if (!this.#closed) this.keep();
        });
    }, repairIntervalMs);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** Creates `wanted`, or brings what stands there back to it where it differs. */
  async #ensure(group: string, plural: string, namespace: string, wanted: ApiObject) {
    const found = this.#parts.registry.find(group, 'v1', plural);
    if (found === undefined) return;
    const name = wanted.metadata.name ?? '';
    const context = serverContext(found, namespace, name);
    const stored = found.store.cache.get(found.store.key(namespace, name));
    try {
      if (stored === undefined) {
        await found.store.create(context, defaulted(found, wanted));
        return;
      }
      const next = repaired(found.store.present(context, stored), wanted);
      if (next !== undefined) await found.store.update(context, next);
    } catch (error) {
      if (!isReason(error, 'AlreadyExists') && !isReason(error, 'Conflict')) throw error;
    }
  }

  #service(): ApiObject {
    const port = {
      name: 'https',
      protocol: 'TCP',
      port: 443,
      targetPort: this.#parts.advertise.port,
    };
    const clusterIP = firstAddress(serviceRanges(this.#parts.serviceRange)[0] ?? '');
    const service: Service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { component: 'apiserver', provider: 'kubernetes' },
      },
      spec: {
        type: 'ClusterIP',
        clusterIP,
        clusterIPs: [clusterIP],
        ipFamilies: [clusterIP.includes(':') ? 'IPv6' : 'IPv4'],
        ipFamilyPolicy: 'SingleStack',
        ports: [port],
        sessionAffinity: 'None',
      },
    };
    return service as ApiObject;
  }

  #endpoints(): ApiObject {
    const { address, port } = this.#parts.advertise;
    const endpoints: Endpoints = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      },
      subsets: [
        { addresses: [{ ip: address }], ports: [{ name: 'https', port, protocol: 'TCP' }] },
      ],
    };
    return endpoints as ApiObject;
  }

  #endpointSlice(): ApiObject {
    const { address, port } = this.#parts.advertise;
    const slice: EndpointSlice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': 'kubernetes' },
      },
      addressType: address.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [{ name: 'https', port, protocol: 'TCP' }],
    };
    return slice as unknown as ApiObject;
  }

  #tokenTracking(): ApiObject {
    const { registry, clock } = this.#parts;
    const found = registry.find('', 'v1', 'configmaps');
    const stored = found?.store.cache.get(found.store.key('kube-system', tokenTrackingName));
    if (found === undefined || stored === undefined) {
      return tokenTrackingConfigMap(undefined, clock.nowMs());
    }
    const context = serverContext(found, 'kube-system', tokenTrackingName);
    return tokenTrackingConfigMap(found.store.present(context, stored), clock.nowMs());
  }
}

function namespaceOf(name: string): ApiObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

function defaulted(found: FoundResource, object: ApiObject): ApiObject {
  found.served.version.defaults?.(object);
  return object;
}

/** What we state must stand; what others added stays. Undefined: nothing to do. */
function repaired(current: ApiObject, wanted: ApiObject): ApiObject | undefined {
  const next: ApiObject = { ...current };
  let changed = false;
  for (const field of ['subsets', 'endpoints', 'ports', 'data'] as const) {
    const value = wanted[field];
    if (value === undefined || covers(current[field], value)) continue;
    next[field] =
      field === 'data' ? { ...(current[field] as object), ...(value as object) } : value;
    changed = true;
  }
  return changed ? next : undefined;
}

/** Whether `current` holds at least all that `wanted` says. */
function covers(current: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return current === wanted;
  if (typeof current !== 'object' || current === null) return false;
  if (Array.isArray(wanted)) {
    if (!Array.isArray(current) || current.length !== wanted.length) return false;
    return wanted.every((each, index) => covers(current[index], each));
  }
  return Object.entries(wanted).every(([key, value]) =>
    covers((current as Record<string, unknown>)[key], value),
  );
}

/** The first usable address of an IPv4 or IPv6 range: `10.96.0.0/12` gives `10.96.0.1`. */
export function firstAddress(range: string): string {
  const [network = ''] = range.split('/');
  if (network.includes(':')) return network.endsWith('::') ? `${network}1` : network;
  const parts = network.split('.').map(Number);
  parts[3] = (parts[3] ?? 0) + 1;
  return parts.join('.');
}
