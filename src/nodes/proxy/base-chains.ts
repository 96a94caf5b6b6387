// The fixed part of the ruleset: hooks, dispatch by address, reject, masquerade.
import type { Family } from '../network/addresses.ts';
import type { Chain } from './ruleset.ts';

export interface BaseOptions {
  readonly family: Family;
  /** Every pod's address lies in one of these. */
  readonly clusterRanges: readonly string[];
}

/** The packet mark that says "masquerade me"; the bit that kube-proxy uses too. */
const mark = '0x4000';

/** Names of the maps and sets that `base-chains` dispatches by. */
export const collectionTypes = (family: Family) => {
  const address = family === 'IPv4' ? 'ipv4_addr' : 'ipv6_addr';
  const byAddress = `type ${address} . inet_proto . inet_service : verdict;`;
  const byPort = 'type inet_proto . inet_service : verdict;';
  return {
    'service-ips': { kind: 'map', declaration: byAddress },
    'service-nodeports': { kind: 'map', declaration: byPort },
    'host-ports': { kind: 'map', declaration: byPort },
    'host-ip-ports': { kind: 'map', declaration: byAddress },
    'firewall-ips': { kind: 'map', declaration: byAddress },
    'no-endpoint-services': { kind: 'map', declaration: byAddress },
    'no-endpoint-nodeports': { kind: 'map', declaration: byPort },
    'cluster-ips': { kind: 'set', declaration: `type ${address};` },
    'node-ips': { kind: 'set', declaration: `type ${address};` },
  } as const;
};

export type CollectionName = keyof ReturnType<typeof collectionTypes>;

/** The chains that are there whatever Services there are. */
export function baseChains({ family, clusterRanges }: BaseOptions): Map<string, Chain> {
  const ip = family === 'IPv4' ? 'ip' : 'ip6';
  const ranges = `{ ${clusterRanges.join(', ')} }`;
  const target = `${ip} daddr . meta l4proto . th dport`;
  const jump = (...rules: string[]) => rules.map((rule) => `ct state new ${rule}`);
  const hook = (type: string, name: string, priority: string, rules: string[]): Chain => ({
    hook: `type ${type} hook ${name} priority ${priority}; policy accept;`,
    rules,
  });
  const chains = new Map<string, Chain>();
  // Packets for a Service that were not translated end here, with an answer rather than a timeout.
  const untranslated = jump(
    `${target} vmap @no-endpoint-services`,
    `${ip} daddr @cluster-ips goto reject-packet`,
  );
  chains.set('mark-for-masquerade', { rules: [`meta mark set meta mark or ${mark}`] });
  chains.set('reject-packet', { rules: ['meta l4proto tcp reject with tcp reset', 'reject'] });
  chains.set('services', {
    rules: [
      `${target} vmap @service-ips`,
      `${target} vmap @host-ip-ports`,
      'fib daddr type local meta l4proto . th dport vmap @host-ports',
      'fib daddr type local meta l4proto . th dport vmap @service-nodeports',
    ],
  });
  if (family === 'IPv4') {
    // route_localnet is on for NodePorts from localhost; from outside 127.0.0.0/8 stays closed.
    chains.set(
      'raw-prerouting',
      hook('filter', 'prerouting', 'raw', ['iifname != "lo" ip daddr 127.0.0.0/8 drop']),
    );
  }
  const firewall = jump(`${target} vmap @firewall-ips`);
  chains.set('filter-prerouting', hook('filter', 'prerouting', '-110', firewall));
  chains.set('nat-prerouting', hook('nat', 'prerouting', 'dstnat', ['jump services']));
  chains.set('nat-output', hook('nat', 'output', '-100', ['jump services']));
  chains.set('filter-forward', hook('filter', 'forward', 'filter', untranslated));
  chains.set('filter-output', hook('filter', 'output', 'filter', untranslated));
  chains.set(
    'filter-input',
    hook('filter', 'input', 'filter', [
      ...untranslated,
      ...jump('fib daddr type local meta l4proto . th dport vmap @no-endpoint-nodeports'),
    ]),
  );
  chains.set(
    'nat-postrouting',
    hook('nat', 'postrouting', 'srcnat', [
      `meta mark and ${mark} == ${mark} meta mark set meta mark xor ${mark} masquerade fully-random`,
      ...(family === 'IPv4' ? ['ip saddr 127.0.0.0/8 oifname != "lo" masquerade'] : []),
      // Nodes have routes to every pod and see its own address; nobody else can answer it.
      `${ip} saddr ${ranges} ${ip} daddr != ${ranges} ${ip} daddr != @node-ips ` +
        `fib daddr type unicast masquerade fully-random`,
    ]),
  );
  return chains;
}
