// What is to be done about a ServiceCIDR: keep it while addresses depend on it, say whether it is ready.
import { BlockList, isIPv6 } from 'node:net';
import type { Condition, KubernetesObject, ServiceCIDR } from '../objects.ts';

export const protectionFinalizer = 'networking.k8s.io/service-cidr-finalizer';
const managedByLabel = 'ipaddress.kubernetes.io/managed-by';
const allocatorName = 'ipallocator.k8s.io';
/** Servers may not have heard of the deletion yet and give one more address out of it. */
const deletionGraceMs = 10_000;

export interface ServiceCidrPlan {
  readonly finalizer?: 'add' | 'remove';
  /** Absent when the object says so already. */
  readonly condition?: Omit<Condition, 'lastTransitionTime'>;
  readonly requeueAfterMs?: number;
}

const ready = {
  type: 'Ready',
  status: 'True',
  reason: '',
  message: 'Kubernetes Service CIDR is ready',
} as const;
const terminating = {
  type: 'Ready',
  status: 'False',
  reason: 'Terminating',
  message:
    'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ' +
    'ServiceCIDR',
} as const;

/** A CIDR as far as it matters here: what lies in it, and what of that is given out. */
interface Block {
  readonly cidr: string;
  readonly prefix: number;
  readonly network: string;
  has(ip: string): boolean;
}

const family = (ip: string) => (isIPv6(ip) ? 'ipv6' : 'ipv4');

function blockOf(cidr: string): Block {
  const [network = '', bits = ''] = cidr.split('/');
  const prefix = Number(bits);
  const list = new BlockList();
  list.addSubnet(network, prefix, family(network));
  const has = (ip: string) => isIPv6(ip) === isIPv6(network) && list.check(ip, family(ip));
  return { cidr, prefix, network, has };
}

function lastOf({ network, prefix }: Block): string | undefined {
  if (isIPv6(network)) return undefined;
  const value = network.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const last = value + 2 ** (32 - prefix) - 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(last / 2 ** shift) % 256).join('.');
}

/** Whether a Service could have been given the address: neither network nor broadcast. */
function gives(block: Block, ip: string): boolean {
  return block.has(ip) && ip !== block.network && ip !== lastOf(block);
}

function blocksOf({ spec }: ServiceCIDR): Block[] {
  return (spec?.cidrs ?? []).map(blockOf);
}

const nameOf = ({ metadata }: KubernetesObject) => metadata?.name ?? '';

/** The ServiceCIDRs that could have given the address. */
export function holdersOf(address: KubernetesObject, all: readonly ServiceCIDR[]): ServiceCIDR[] {
  if (address.metadata?.labels?.[managedByLabel] !== allocatorName) return [];
  const ip = nameOf(address);
  return all.filter((cidr) => blocksOf(cidr).some((block) => gives(block, ip)));
}

/** Those that share addresses with `cidr`: its coming may set them free to go. */
export function overlapping(cidr: ServiceCIDR, all: readonly ServiceCIDR[]): ServiceCIDR[] {
  const own = blocksOf(cidr);
  return all.filter((other) =>
    blocksOf(other).some((b) => own.some((a) => a.has(b.network) || b.has(a.network))),
  );
}

/** Whether each of its ranges lies in another one's, so that no address would be left alone. */
function hasParents(cidr: ServiceCIDR, all: readonly ServiceCIDR[]): boolean {
  const others = all.filter((each) => nameOf(each) !== nameOf(cidr)).flatMap(blocksOf);
  return blocksOf(cidr).every((own) =>
    others.some((other) => other.prefix <= own.prefix && other.has(own.network)),
  );
}

function mayGo(
  cidr: ServiceCIDR,
  all: readonly ServiceCIDR[],
  addresses: Iterable<KubernetesObject>,
): boolean {
  if (hasParents(cidr, all)) return true;
  for (const address of addresses) {
    const holders = holdersOf(address, all);
    if (holders.length === 1 && holders[0] !== undefined && nameOf(holders[0]) === nameOf(cidr)) {
      return false;
    }
  }
  return true;
}

function changed({ status }: ServiceCIDR, wanted: typeof ready | typeof terminating) {
  const current = status?.conditions?.find(({ type }) => type === wanted.type);
  const same =
    current?.status === wanted.status &&
    (current.reason ?? '') === wanted.reason &&
    current.message === wanted.message;
  return same ? {} : { condition: wanted };
}

/**
 * @param all every ServiceCIDR, `cidr` among them
 * @param addresses every IPAddress; its metadata will do
 */
export function planServiceCidr(
  cidr: ServiceCIDR,
  all: readonly ServiceCIDR[],
  addresses: Iterable<KubernetesObject>,
  nowMs: number,
): ServiceCidrPlan {
  const isProtected = cidr.metadata?.finalizers?.includes(protectionFinalizer) === true;
  const deletedAt = cidr.metadata?.deletionTimestamp;
  if (deletedAt === undefined) {
    return { ...(isProtected ? {} : { finalizer: 'add' }), ...changed(cidr, ready) };
  }
  if (!mayGo(cidr, all, addresses)) return changed(cidr, terminating);
  const leftMs = Date.parse(deletedAt) + deletionGraceMs - nowMs;
  if (leftMs > 0) return { requeueAfterMs: leftMs };
  return isProtected ? { finalizer: 'remove' } : {};
}
