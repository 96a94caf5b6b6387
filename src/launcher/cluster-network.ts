// Joins a cluster's nodes: a bridge in a namespace of its own, one link and one route to the machine.
import { readFileSync, writeFileSync } from 'node:fs';
import { addressAt, prefixLength, rangesOverlap } from './address-ranges.ts';
import type { ClusterFacts } from './cluster-files.ts';
import { attempt, run } from './command.ts';
import { forgetLink, leaveLinkAlone } from './networkd.ts';

/** Names of what a cluster owns on the machine; short enough for an interface (15 characters). */
export interface NetworkNames {
  readonly namespace: string;
  /** The machine's end of the link to the bridge. */
  readonly link: string;
  readonly table: string;
  /** The machine's address on the bridge: the nodes' gateway and the server's address for them. */
  readonly gateway: string;
}

export function networkNames(facts: ClusterFacts): NetworkNames {
  return {
    namespace: `coracle-${facts.id}`,
    link: `cor-${facts.id}`,
    table: `coracle_${facts.id}`,
    gateway: addressAt(facts.ranges.nodes, 1),
  };
}

/** The address of the `index`-th node (from 0), without its prefix length. */
export function nodeAddress(facts: ClusterFacts, index: number): string {
  return addressAt(facts.ranges.nodes, index + 2);
}

interface Route {
  readonly dst?: string;
  readonly dev?: string;
}

async function listRoutes(): Promise<readonly Route[]> {
  const shown = await run('ip', ['-4', '-json', 'route', 'show', 'table', 'all']);
  return (JSON.parse(shown) as Route[]).filter(({ dst }) => dst !== undefined && dst !== 'default');
}

/** Every range that this machine's routes and interfaces use. */
export async function usedRanges(): Promise<readonly string[]> {
  return (await listRoutes()).map(({ dst = '' }) => dst);
}

/** The link of something else that has taken the cluster's node range. */
export async function linkThatUses(facts: ClusterFacts): Promise<string | undefined> {
  const { link } = networkNames(facts);
  const taken = (await listRoutes()).find(
    ({ dst = '', dev }) => dev !== link && rangesOverlap(dst, facts.ranges.nodes),
  );
  return taken?.dev;
}

/** Makes what is missing; may be called on a network that is there in whole or in part. */
export async function createNetwork(facts: ClusterFacts): Promise<void> {
  const names = networkNames(facts);
  const namespaces = (await run('ip', ['netns', 'list']))
    .split('\n')
    .map((line) => line.split(' ')[0]);
  const link = await attempt('ip', ['-4', 'addr', 'show', names.link]);
  const whole =
    namespaces.includes(names.namespace) && link?.includes(`inet ${names.gateway}/`) === true;
  if (!whole) {
    await removeNetwork(facts);
    await leaveLinkAlone(names.link);
    await run('ip', ['netns', 'add', names.namespace]);
    await run('ip', ['-batch', '-'], { input: machineSide(facts, names) });
    await run('ip', ['-n', names.namespace, '-batch', '-'], { input: bridgeSide() });
    // Frames between nodes are switched, not filtered: br_netfilter would apply nobody's rules.
    await run('ip', ['netns', 'exec', names.namespace, 'sh', '-c', switchOffBridgeFilter]);
  }
  await run('nft', ['-f', '-'], { input: masquerade(facts, names) });
  enableForwarding();
}

/** Takes it all away; what is already gone is no matter. */
export async function removeNetwork(facts: ClusterFacts): Promise<void> {
  const names = networkNames(facts);
  await attempt('ip', ['link', 'del', names.link]);
  await forgetLink(names.link);
  await attempt('ip', ['netns', 'del', names.namespace]);
  await attempt('nft', ['delete', 'table', 'ip', names.table]);
}

function machineSide(facts: ClusterFacts, names: NetworkNames): string {
  const address = `${names.gateway}/${prefixLength(facts.ranges.nodes)}`;
  return [
    `link add ${names.link} type veth peer name machine netns ${names.namespace}`,
    `addr add ${address} dev ${names.link}`,
    `link set ${names.link} up`,
    '',
  ].join('\n');
}

function bridgeSide(): string {
  return [
    'link set lo up',
    'link add br0 type bridge',
    'link set br0 up',
    'link set machine master br0 up',
    '',
  ].join('\n');
}

const switchOffBridgeFilter =
  'for f in /proc/sys/net/bridge/bridge-nf-call-*tables; do [ ! -w "$f" ] || echo 0 > "$f"; done';

/** What leaves the node range for elsewhere leaves with the machine's address. */
function masquerade(facts: ClusterFacts, names: NetworkNames): string {
  // nft 1.0.6 has no `destroy`: adding before deleting makes the deletion safe either way.
  return [
    `add table ip ${names.table}`,
    `delete table ip ${names.table}`,
    `table ip ${names.table} {`,
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    `    ip saddr ${facts.ranges.nodes} oifname != "${names.link}" masquerade`,
    '  }',
    '}',
    '',
  ].join('\n');
}

function enableForwarding(): void {
  const path = '/proc/sys/net/ipv4/ip_forward';
  if (readFileSync(path, 'utf8').trim() !== '1') writeFileSync(path, '1');
}
