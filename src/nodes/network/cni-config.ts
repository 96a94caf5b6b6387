// Writes the node's CNI network list once it has a pod range; containerd picks it up by itself.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { familyOf } from './addresses.ts';

export interface CniOptions {
  /** Default /etc/cni/net.d. */
  readonly configDirectory?: string;
  /** Where host-local keeps leases; on /run, so that a node's restart forgets them. */
  readonly stateDirectory?: string;
  readonly mtu?: number;
}

export const cniConfigName = '10-coracle.conflist';

/** The network list: routed point-to-point links, addresses from `ranges`, no masquerade. */
export function cniConfig(ranges: readonly string[], options: CniOptions = {}): string {
  const { stateDirectory = '/run/coracle/ipam', mtu } = options;
  const anywhere = ranges.map((range) => ({
    dst: familyOf(range) === 'IPv6' ? '::/0' : '0.0.0.0/0',
  }));
  const ipam = {
    type: 'host-local',
    dataDir: stateDirectory,
    routes: anywhere,
    ranges: ranges.map((subnet) => [{ subnet }]),
  };
  const ptp = { type: 'ptp', ipMasq: false, ...(mtu === undefined ? {} : { mtu }), ipam };
  const list = { cniVersion: '0.4.0', name: 'coracle', plugins: [ptp] };
  return `${JSON.stringify(list, undefined, 2)}\n`;
}

/** Writes the list unless it is there as it should be. Gives whether it wrote. */
export async function writeCniConfig(
  ranges: readonly string[],
  options: CniOptions = {},
): Promise<boolean> {
  const directory = options.configDirectory ?? '/etc/cni/net.d';
  const file = path.join(directory, cniConfigName);
  const wanted = cniConfig(ranges, options);
  if ((await readFile(file, 'utf8').catch(() => '')) === wanted) return false;
  await mkdir(directory, { recursive: true });
  // In one step: containerd watches the folder and must never read half a file.
  const draft = path.join(directory, `.${cniConfigName}`);
  await writeFile(draft, wanted, { mode: 0o644 });
  await rename(draft, file);
  return true;
}
