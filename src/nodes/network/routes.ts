// Keeps one route per other node's pod range through that node's own address, and no stale one.
import type { Node } from '../../objects.ts';
import { familyOf, internalAddresses, podRanges } from './addresses.ts';
import type { RunCommand } from './command.ts';

/** Marks our routes in the kernel's table; a number that nobody has taken in rt_protos. */
const routeProtocol = '174';

/** Pod range → address of the node that has it. */
export type Routes = ReadonlyMap<string, string>;

/** The routes that `nodeName` needs to reach every other node's pods. */
export function wantedRoutes(nodes: readonly Node[], nodeName: string): Routes {
  const routes = new Map<string, string>();
  for (const node of nodes) {
    if (node.metadata?.name === nodeName) continue;
    const addresses = internalAddresses(node);
    for (const range of podRanges(node)) {
      const family = familyOf(range);
      const via = addresses.find((address) => familyOf(address) === family);
      if (family !== undefined && via !== undefined) routes.set(range, via);
    }
  }
  return routes;
}

/** What `ip -json route show` says of our routes. */
export function parseRoutes(json: string): Routes {
  const rows = JSON.parse(json === '' ? '[]' : json) as { dst?: string; gateway?: string }[];
  return new Map(rows.map(({ dst = '', gateway = '' }) => [dst, gateway]));
}

/** The commands (for `ip -batch`) that turn `current` into `wanted`. */
export function routeChanges(current: Routes, wanted: Routes): readonly string[] {
  const commands: string[] = [];
  for (const range of current.keys()) {
    if (!wanted.has(range)) commands.push(`route del ${range} proto ${routeProtocol}`);
  }
  for (const [range, via] of wanted) {
    if (current.get(range) === via) continue;
    commands.push(`route replace ${range} via ${via} proto ${routeProtocol}`);
  }
  return commands;
}

/** Makes the kernel's routes what `wanted` says, whatever they were. */
export async function syncRoutes(wanted: Routes, run: RunCommand): Promise<void> {
  for (const [flag, family] of [
    ['-4', 'IPv4'],
    ['-6', 'IPv6'],
  ] as const) {
    const own = new Map([...wanted].filter(([range]) => familyOf(range) === family));
    const shown = await run('ip', ['-json', flag, 'route', 'show', 'proto', routeProtocol]);
    const commands = routeChanges(parseRoutes(shown.trim()), own);
    if (commands.length === 0) continue;
    // One that cannot be set (its node is not reachable yet) must not hold up the others.
    await run('ip', [flag, '-force', '-batch', '-'], `${commands.join('\n')}\n`);
  }
}
