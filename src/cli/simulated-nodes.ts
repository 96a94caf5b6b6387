// `coracle agent --runtime simulated`: any number of nodes that run nothing, in one process.
import { readFileSync } from 'node:fs';
import { createHttpsTransport } from '../client/https.ts';
import { createClient } from '../client/rest-client.ts';
import { systemClock } from '../clock.ts';
import type { LogLevel } from '../logger.ts';
import { type Agent, startAgent } from '../nodes/agent.ts';
import { silentEvents } from '../nodes/kubelet/events.ts';
import { simulatedProbes } from '../nodes/simulated/probes.ts';
import { SimulatedRuntime } from '../nodes/simulated/runtime.ts';
import { systemRandom } from '../random.ts';
import { agentLogger, waitForFile } from './agent.ts';
import { untilSignal } from './until-signal.ts';

export interface SimulatedNodesOptions {
  readonly names: readonly string[];
  readonly server: string;
  readonly authorityFile: string;
  /** PEM files of the identity `coracle:simulated-nodes`. */
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly logLevel: LogLevel;
}

/** Nothing happens to a simulated container that its runtime does not tell. */
const relistMs = 60_000;
/** Nodes registered at a time. */
const startsMax = 32;

export async function simulatedNodes(options: SimulatedNodesOptions): Promise<void> {
  const stopped = untilSignal();
  const logger = agentLogger(options.logLevel);
  const never = new AbortController().signal;
  const [ca, certificate] = await Promise.all([
    waitForFile(options.authorityFile, never),
    waitForFile(options.certificateFile, never),
  ]);
  await waitForFile(options.keyFile, never);
  const credentials = { ca, certificate, key: readFileSync(options.keyFile, 'utf8') };
  const transport = createHttpsTransport({
    server: options.server,
    credentials: () => credentials,
  });
  const client = createClient(transport, { userAgent: 'coracle-simulated-nodes' });
  const agents: Agent[] = [];
  const queue = options.names.map((name, index) => ({ name, index }));
  const start = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { name, index } = next;
      const runtime = new SimulatedRuntime({ clock: systemClock, podCidr: podRange(index), name });
      agents.push(
        await startAgent({
          client,
          runtime,
          clock: systemClock,
          random: systemRandom,
          logger: logger.child(name),
          nodeName: name,
          addresses: [nodeAddress(index)],
          probes: simulatedProbes(runtime),
          events: silentEvents,
          relistMs,
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: startsMax }, start));
  await stopped;
  await Promise.all(agents.map((agent) => agent.stop()));
  await transport.close();
}

/** Addresses that lead nowhere; only that they differ matters. The range's own is not among them. */
function nodeAddress(index: number): string {
  const host = index + 1;
  return `10.192.${host >> 8}.${host & 255}`;
}

function podRange(index: number): string {
  return `10.${200 + (index >> 8)}.${index & 255}.0/24`;
}
