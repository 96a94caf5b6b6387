// Kernel settings of the node's network namespace without which pods and Services cannot work.
import { readFile, writeFile } from 'node:fs/promises';
import type { Logger } from '../../logger.ts';
import type { Family } from './addresses.ts';

const settings: Readonly<Record<Family, readonly (readonly [string, string])[]>> = {
  IPv4: [
    ['ipv4/ip_forward', '1'],
    // NodePorts and hostPorts answer on 127.0.0.1 too; the ruleset drops such packets from outside.
    ['ipv4/conf/all/route_localnet', '1'],
    // Loose: a reply may leave by another link than its request came in by.
    ['ipv4/conf/all/rp_filter', '2'],
  ],
  IPv6: [['ipv6/conf/all/forwarding', '1']],
};

/** Sets what differs; what cannot be set is logged, since it may be harmless where it is. */
export async function applySysctls(families: readonly Family[], logger: Logger): Promise<void> {
  for (const [name, value] of families.flatMap((family) => settings[family])) {
    const file = `/proc/sys/net/${name}`;
    try {
      const current = (await readFile(file, 'utf8')).trim();
      // No reverse path filter at all is as good as a loose one.
      if (current === value || (name.endsWith('rp_filter') && current === '0')) continue;
      await writeFile(file, value);
    } catch (error) {
      logger.warn('cannot set a kernel setting', { name, value, why: String(error) });
    }
  }
}
