// `coracle agent`: one node, composed of its identity, kubelet, network, image mirror and server.
import { existsSync, readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import type { KeyPair } from '../certificates.ts';
import { withToken } from '../client/credentials.ts';
import { createHttpsTransport } from '../client/https.ts';
import { createClient } from '../client/rest-client.ts';
import { systemClock } from '../clock.ts';
import { createLogger, type Logger, type LogLevel } from '../logger.ts';
import { type Agent, startAgent } from '../nodes/agent.ts';
import type { Cgroups } from '../nodes/cgroups/cgroups.ts';
import { CgroupsV1 } from '../nodes/cgroups/v1.ts';
import { CgroupsV2 } from '../nodes/cgroups/v2.ts';
import { createCriRuntime } from '../nodes/cri/runtime.ts';
import { writeRegistryHosts } from '../nodes/images/hosts.ts';
import { startMirror } from '../nodes/images/mirror.ts';
import { standardPaths } from '../nodes/kubelet/pod-files.ts';
import { type NodeNetwork, startNodeNetwork } from '../nodes/network/node-network.ts';
import type { Runtime } from '../nodes/runtime.ts';
import { accessReviewer, tokenReviewer } from '../nodes/streaming/access.ts';
import { type KubeletServer, startKubeletServer } from '../nodes/streaming/server.ts';
import { systemRandom } from '../random.ts';
import {
  type IdentityParts,
  type IdentityRequest,
  keptIdentity,
  msUntilRenewal,
  requestIdentity,
} from './node-identity.ts';
import { untilSignal } from './until-signal.ts';

export interface AgentOptions {
  readonly nodeName: string;
  readonly server: string;
  readonly authorityFile: string;
  readonly bootstrapTokenFile?: string;
  readonly dataDirectory: string;
  readonly addresses: readonly string[];
  readonly cgroupRoot: string;
  readonly runtimeEndpoint: string;
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  readonly clusterDns: string;
  /** How many nodes share this machine's memory. */
  readonly nodesOnMachine: number;
  readonly cpus?: number;
  readonly memoryBytes?: number;
  readonly logLevel: LogLevel;
}

const clientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
const servingSigner = 'kubernetes.io/kubelet-serving';
const kubeletPort = 10250;
const retryAuthorityMs = 50;
/** setTimeout counts in 31 bits; a certificate may live longer than that. */
const longestWaitMs = 86_400_000;

/** The agent's logger writes to standard error, which its guardian keeps. */
export function agentLogger(level: LogLevel): Logger {
  return createLogger({
    clock: systemClock,
    level,
    component: 'agent',
    write: (line) => void process.stderr.write(`${line}\n`),
  });
}

/** At a cluster's first start the server is still making its keys. */
export async function waitForFile(path: string, signal: AbortSignal): Promise<string> {
  while (!existsSync(path)) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, retryAuthorityMs));
  }
  return readFileSync(path, 'utf8');
}

/** Runs until SIGTERM or SIGINT; containers go on running without it. */
export async function agent(options: AgentOptions): Promise<void> {
  const clock = systemClock;
  const random = systemRandom;
  const stopping = new AbortController();
  const stopped = untilSignal();
  const logger = agentLogger(options.logLevel);
  const authority = await waitForFile(options.authorityFile, stopping.signal);
  const identity = await nodeIdentity(options, authority, logger, stopping.signal);
  let credentials = { ca: authority, certificate: identity.certificate, key: identity.key };
  const transport = createHttpsTransport({
    server: options.server,
    credentials: () => credentials,
  });
  const client = createClient(transport, { userAgent: 'kubelet' });
  const parts = { client, clock, logger, signal: stopping.signal };
  const request = { signer: clientSigner, nodeName: options.nodeName, addresses: [] } as const;
  keepRenewed(parts, pkiDirectory(options), 'client', request, identity, (next) => {
    credentials = { ca: authority, certificate: next.certificate, key: next.key };
  });
  const network = startNodeNetwork({
    client,
    clock,
    random,
    logger: logger.child('network'),
    nodeName: options.nodeName,
    addresses: options.addresses,
    clusterRanges: [options.clusterCidr],
    serviceRanges: [options.serviceCidr],
  });
  const mirror = await startMirror({
    fetch: (request) => transport.request(request),
    port: 0,
    logger: logger.child('mirror'),
  });
  await writeRegistryHosts(join(options.dataDirectory, 'registry-hosts'), mirror.address);
  const runtime = createCriRuntime({ socketPath: options.runtimeEndpoint });
  const running = await startAgent({
    client,
    runtime,
    clock,
    random,
    logger: logger.child('kubelet'),
    nodeName: options.nodeName,
    addresses: options.addresses,
    paths: standardPaths,
    cgroups: nodeCgroups(options.cgroupRoot),
    services: network.services,
    clusterDns: [options.clusterDns],
    capacity: capacityOf(options),
  });
  const kubelet = serveKubelet(options, parts, {
    authority,
    runtime,
    running,
    network,
  });
  kubelet.catch((error: unknown) => {
    if (!stopping.signal.aborted) logger.error('cannot serve logs and exec', error);
  });
  // Kept now and not at the end: an agent that is killed must not cost its successor time and memory.
  flushCompileCache();
  await stopped;
  stopping.abort();
  await kubelet.then((server) => server.close()).catch(() => undefined);
  await running.stop();
  await mirror.close();
  await network.stop();
  await transport.close();
}

/** The port that the API server reaches this node by, with a serving certificate by CSR. */
async function serveKubelet(
  options: AgentOptions,
  parts: IdentityParts,
  node: { authority: string; runtime: Runtime; running: Agent; network: NodeNetwork },
): Promise<KubeletServer> {
  const { nodeName, addresses } = options;
  const { client, clock, logger } = parts;
  const directory = pkiDirectory(options);
  const request = { signer: servingSigner, nodeName, addresses } as const;
  const serving =
    keptIdentity(directory, 'serving', clock) ??
    (await requestIdentity(parts, directory, 'serving', request));
  const server = await startKubeletServer({
    tls: { ...serving, clientAuthority: node.authority },
    address: '0.0.0.0',
    port: kubeletPort,
    nodeName,
    runtime: node.runtime,
    pods: node.running.kubelet,
    authenticateToken: tokenReviewer(client, clock),
    authorize: accessReviewer(client, clock),
    clock,
    logger: logger.child('server'),
    handleConnect: node.network.handleConnect,
  });
  keepRenewed(parts, directory, 'serving', request, serving, (next) =>
    server.setCertificate(next.certificate, next.key),
  );
  return server;
}

function capacityOf(options: AgentOptions) {
  const { cpus, memoryBytes, nodesOnMachine } = options;
  const total =
    Number(/^MemTotal:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024;
  return {
    ...(cpus === undefined ? {} : { cpus }),
    memoryBytes: memoryBytes ?? Math.floor(total / nodesOnMachine),
  };
}

/** Version 2 where it is the only one mounted; hybrid machines have their controllers in version 1. */
function nodeCgroups(parent: string): Cgroups {
  const mountpoint = '/sys/fs/cgroup';
  return existsSync(join(mountpoint, 'cgroup.controllers'))
    ? new CgroupsV2({ mountpoint, parent })
    : new CgroupsV1({ mountpoint, parent });
}

function pkiDirectory(options: AgentOptions): string {
  return join(options.dataDirectory, 'pki');
}

async function nodeIdentity(
  options: AgentOptions,
  authority: string,
  logger: Logger,
  signal: AbortSignal,
): Promise<KeyPair> {
  const { nodeName } = options;
  const directory = pkiDirectory(options);
  const kept = keptIdentity(directory, 'client', systemClock);
  if (kept !== undefined) return kept;
  const token = readFileSync(options.bootstrapTokenFile ?? '', 'utf8').trim();
  const transport = withToken(
    createHttpsTransport({ server: options.server, credentials: () => ({ ca: authority }) }),
    token,
  );
  const client = createClient(transport, { userAgent: 'kubelet' });
  const parts = { client, clock: systemClock, logger, signal };
  const request = { signer: clientSigner, nodeName, addresses: [] } as const;
  try {
    return await requestIdentity(parts, directory, 'client', request);
  } finally {
    await transport.close();
  }
}

/** Replaces a certificate before it expires, again and again. */
function keepRenewed(
  parts: IdentityParts,
  directory: string,
  name: string,
  request: IdentityRequest,
  first: KeyPair,
  use: (pair: KeyPair) => void,
): void {
  let pair = first;
  const check = async () => {
    if (msUntilRenewal(pair, parts.clock) <= 0) {
      pair = await requestIdentity(parts, directory, name, request);
      use(pair);
    }
    schedule();
  };
  const schedule = () => {
    const waitMs = Math.max(1000, Math.min(msUntilRenewal(pair, parts.clock), longestWaitMs));
    const timer = parts.clock.setTimeout(() => {
      check().catch((error: unknown) => {
        if (!parts.signal.aborted) parts.logger.error('cannot renew the certificate', error);
      });
    }, waitMs);
    parts.signal.addEventListener('abort', () => timer.cancel(), { once: true });
  };
  schedule();
}
