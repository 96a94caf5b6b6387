// Deletes UDP flows that the kernel would keep sending to endpoints that are gone.
import type { RunCommand } from '../network/command.ts';

/** One UDP flow as conntrack lists it: what the client asked for, and who answers. */
export interface Flow {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly answerer: string;
  readonly answererPort: number;
}

/** Flows deleted in one go; the rest follow at the next change. */
const deletionsMax = 1000;

/** Reads `conntrack -L -p udp`; lines that are not flows are passed over. */
export function parseFlows(text: string): readonly Flow[] {
  const flows: Flow[] = [];
  for (const line of text.split('\n')) {
    const values = (key: string) =>
      [...line.matchAll(new RegExp(`\\b${key}=(\\S+)`, 'g'))].map((match) => match[1] ?? '');
    const [source = '', answerer = ''] = values('src');
    const [destination = ''] = values('dst');
    const [sourcePort, answererPort] = values('sport').map(Number);
    const [destinationPort] = values('dport').map(Number);
    if (sourcePort === undefined || answererPort === undefined || destinationPort === undefined) {
      continue;
    }
    flows.push({ source, sourcePort, destination, destinationPort, answerer, answererPort });
  }
  return flows;
}

/**
 * The flows to a Service that no endpoint of it answers: its endpoint is gone, or it was there
 * before the Service had any.
 *
 * @param targets `address:port` or `:nodePort` → endpoints, of UDP Services
 * @param isOwn whether an address is this node's own; only those have node ports
 */
export function staleFlows(
  flows: readonly Flow[],
  targets: ReadonlyMap<string, ReadonlySet<string>>,
  isOwn: (address: string) => boolean,
): readonly Flow[] {
  return flows.filter((flow) => {
    const byAddress = targets.get(`${flow.destination}:${flow.destinationPort}`);
    const endpoints =
      byAddress ?? (isOwn(flow.destination) ? targets.get(`:${flow.destinationPort}`) : undefined);
    // Without any endpoint packets are rejected, and the reject needs no flow deleted: but a flow
    // to an endpoint that was must go.
    return endpoints !== undefined && !endpoints.has(`${flow.answerer}:${flow.answererPort}`);
  });
}

/** Finds and deletes what is stale. */
export async function cleanFlows(
  targets: ReadonlyMap<string, ReadonlySet<string>>,
  isOwn: (address: string) => boolean,
  family: 'ipv4' | 'ipv6',
  run: RunCommand,
): Promise<number> {
  const flows = parseFlows(await run('conntrack', ['-L', '-p', 'udp', '-f', family]));
  const stale = staleFlows(flows, targets, isOwn).slice(0, deletionsMax);
  for (const { source, sourcePort, destination, destinationPort } of stale) {
    const ports = ['--sport', String(sourcePort), '--dport', String(destinationPort)];
    const args = ['-D', '-f', family, '-p', 'udp', '-s', source, '-d', destination, ...ports];
    // It may have timed out since it was listed; conntrack then fails with "0 flow entries".
    await run('conntrack', args).catch(() => '');
  }
  return stale.length;
}
