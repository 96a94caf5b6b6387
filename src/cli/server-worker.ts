// The worker thread of a server: controllers and scheduler, so that neither delays an API answer.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { KeyPair } from '../certificates.ts';
import { createPortTransport } from '../client/port.ts';
import { createClient } from '../client/rest-client.ts';
import { systemClock } from '../clock.ts';
import { startControllers } from '../controllers/builtin.ts';
import { serviceAccountClients } from '../controllers/identity.ts';
import { createLogger, type LogLevel } from '../logger.ts';
import { systemRandom } from '../random.ts';
import { startScheduler } from '../scheduler/scheduler.ts';

/** What the server hands over when it starts the thread. */
export interface WorkerOptions {
  /** Calls over it are system:kube-controller-manager's; over the other, system:kube-scheduler's. */
  readonly controllersPort: MessagePort;
  readonly schedulerPort: MessagePort;
  /** Has no identity of its own: each controller's calls carry its service account's token. */
  readonly accountsPort: MessagePort;
  readonly authority: KeyPair;
  readonly clusterCidr: string;
  readonly clusterDns: string;
  readonly logLevel: LogLevel;
}

function main(options: WorkerOptions): void {
  const clock = systemClock;
  const random = systemRandom;
  const stopping = new AbortController();
  const logger = createLogger({
    clock,
    level: options.logLevel,
    write: (line) => void process.stderr.write(`${line}\n`),
  });
  const base = createClient(createPortTransport(options.controllersPort), {
    userAgent: 'kube-controller-manager',
  });
  startControllers({
    clientFor: serviceAccountClients(base, {
      clock,
      transport: createPortTransport(options.accountsPort),
    }),
    clock,
    random,
    logger: logger.child('controllers'),
    signal: stopping.signal,
    options: {
      clusterCidr: options.clusterCidr,
      clusterDns: options.clusterDns,
      rootCa: options.authority.certificate,
      certificateAuthority: options.authority,
    },
  });
  startScheduler({
    client: createClient(createPortTransport(options.schedulerPort), {
      userAgent: 'kube-scheduler',
    }),
    clock,
    random,
    logger: logger.child('scheduler'),
    signal: stopping.signal,
  });
  parentPort?.on('message', (message) => {
    if (message === 'stop') {
      stopping.abort();
      parentPort?.close();
    }
  });
}

main(workerData as WorkerOptions);
