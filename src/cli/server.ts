// `coracle server`: the API server with its storage, and controllers and scheduler beside it.
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { type HttpsServer, serveHttps } from '../api/https.ts';
import { createImagesApi } from '../api/images/api.ts';
import { addPauseImage } from '../api/images/pause-image.ts';
import { ImageStore } from '../api/images/store.ts';
import { createNodeDialer } from '../api/node-dialer.ts';
import { type Api, createApi } from '../api/server.ts';
import { createDirectTransport } from '../client/direct.ts';
import { servePort } from '../client/port.ts';
import { secrets } from '../client/resource-ref.ts';
import { createClient } from '../client/rest-client.ts';
import { systemClock } from '../clock.ts';
import { kubernetesVersion } from '../kubernetes-version.ts';
import { addressAt } from '../launcher/address-ranges.ts';
import { createLogger, type Logger, type LogLevel } from '../logger.ts';
import { systemRandom } from '../random.ts';
import { isReason } from '../status.ts';
import { startCompactor } from '../storage/compactor.ts';
import type { Driver } from '../storage/driver.ts';
import { openStorage } from '../storage/open.ts';
import { type EtcdTlsFiles, readEtcdTls } from './etcd-tls.ts';
import { CliError } from './exit-codes.ts';
import { ensurePki, type Pki } from './pki.ts';
import { programUrl } from './program-url.ts';
import { readRuntimeConfig } from './runtime-config-flag.ts';
import type { WorkerOptions } from './server-worker.ts';
import { untilSignal } from './until-signal.ts';

export interface ServerOptions extends EtcdTlsFiles {
  readonly dataDirectory: string;
  /** As `openStorage` takes it; default LevelDB in the data directory. */
  readonly storage?: string;
  readonly bindAddresses: readonly string[];
  readonly port: number;
  readonly advertiseAddress: string;
  readonly insecurePort?: number;
  readonly serviceCidr: string;
  readonly clusterCidr: string;
  readonly bootstrapTokenFile?: string;
  /** Further names and addresses for the serving certificate. */
  readonly tlsSans: readonly string[];
  readonly maxRequestsInFlight?: number;
  readonly maxMutatingRequestsInFlight?: number;
  readonly controllers: boolean;
  /** As kube-apiserver's flag: `api/beta=true,…`. */
  readonly runtimeConfig?: string;
  readonly logLevel: LogLevel;
}

export interface RunningServer {
  readonly api: Api;
  readonly https: HttpsServer;
  close(): Promise<void>;
}

const masters = ['system:masters'];
/** Controllers wait more than they compute; their garbage need not pile up. */
const workerYoungMb = 8;

/** Starts everything; resolves once it listens. `/readyz` tells when it is complete. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const clock = systemClock;
  const random = systemRandom;
  const logger = createLogger({
    clock,
    level: options.logLevel,
    write: (line) => void process.stderr.write(`${line}\n`),
  });
  const runtimeConfig = readRuntimeConfig(options.runtimeConfig ?? '');
  const tls = await readEtcdTls(options);
  const [pki, driver, images] = await Promise.all([
    ensurePki(join(options.dataDirectory, 'pki'), servingNames(options), clock),
    openStorage(options.storage ?? `leveldb:${join(options.dataDirectory, 'data')}`, {
      clock,
      logger: logger.child('storage'),
      tls,
    }),
    openImages(join(options.dataDirectory, 'images')),
  ]);
  const compactor = startCompactor({ driver, clock, logger: logger.child('compactor') });
  const api = await createApi({
    driver,
    clock,
    random,
    logger: logger.child('api'),
    serviceRange: options.serviceCidr,
    advertise: { address: options.advertiseAddress, port: options.port },
    hostname: hostname(),
    ownComponents: options.controllers ? ['controller-manager', 'scheduler'] : [],
    clientAuthority: pki.authority.certificate,
    requestHeaderAuthority: pki.frontProxyAuthority.certificate,
    signingKey: pki.signingKey,
    staticTokens: [{ token: pki.adminToken, user: { name: 'kubernetes-admin', groups: masters } }],
    dialer: createNodeDialer({
      authority: pki.authority.certificate,
      certificate: pki.kubeletClient.certificate,
      key: pki.kubeletClient.key,
    }),
    gitVersion: kubernetesVersion,
    runtimeConfig,
    ...limits(options),
    extensions: new Map([
      ['/coracle', createImagesApi({ store: images, logger: logger.child('images') })],
    ]),
  });
  const https = await listen(options, pki, api, logger).catch(async (error: unknown) => {
    api.close();
    compactor.stop();
    await driver.close();
    throw error;
  });
  await api.ready();
  await ensureBootstrapToken(options, api);
  const worker = options.controllers ? startWorker(options, pki, api, logger) : undefined;
  logger.info('serving', {
    addresses: https.addresses.map((each) => each.host).join(','),
    port: options.port,
  });
  return { api, https, close: () => close({ api, https, worker, compactor, driver }) };
}

function limits({ maxRequestsInFlight, maxMutatingRequestsInFlight }: ServerOptions) {
  return {
    ...(maxRequestsInFlight === undefined ? {} : { maxRequestsInFlight }),
    ...(maxMutatingRequestsInFlight === undefined ? {} : { maxMutatingRequestsInFlight }),
  };
}

/** The sandbox image is always there: no node starts a pod without it. */
async function openImages(directory: string): Promise<ImageStore> {
  const store = await ImageStore.open(directory);
  await addPauseImage(store);
  return store;
}

function servingNames(options: ServerOptions) {
  const isAddress = (text: string) => /^[0-9.]+$|:/.test(text);
  const sans = [...options.bindAddresses, options.advertiseAddress, ...options.tlsSans].filter(
    (each) => each !== '0.0.0.0' && each !== '::',
  );
  return {
    dnsNames: [
      'localhost',
      hostname(),
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      ...sans.filter((each) => !isAddress(each)),
    ],
    ipAddresses: [
      ...new Set(['127.0.0.1', addressAt(options.serviceCidr, 1), ...sans.filter(isAddress)]),
    ],
  };
}

async function listen(
  options: ServerOptions,
  pki: Pki,
  api: Api,
  logger: Logger,
): Promise<HttpsServer> {
  return serveHttps({
    handler: api.handler,
    logger: logger.child('https'),
    tls: {
      certificate: pki.serving.certificate,
      key: pki.serving.key,
      clientAuthority: pki.authority.certificate,
    },
    addresses: options.bindAddresses.map((host) => ({ host, port: options.port })),
    ...(options.insecurePort === undefined ? {} : { insecure: { port: options.insecurePort } }),
  });
}

/** Nodes join with the token in the file; its Secret is what the API checks it against. */
async function ensureBootstrapToken(options: ServerOptions, api: Api): Promise<void> {
  const file = options.bootstrapTokenFile;
  if (file === undefined || !existsSync(file)) return;
  const [id = '', secret = ''] = readFileSync(file, 'utf8').trim().split('.');
  const peer = { commonName: 'kube-apiserver', organizations: masters, verified: true };
  const client = createClient(createDirectTransport(api.handler, { peer }), {
    userAgent: 'coracle-server',
  });
  try {
    await client.create(secrets, {
      metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: {
        'token-id': id,
        'token-secret': secret,
        'usage-bootstrap-authentication': 'true',
        'usage-bootstrap-signing': 'true',
      },
    });
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
  }
}

function startWorker(options: ServerOptions, pki: Pki, api: Api, logger: Logger): Worker {
  const controllers = new MessageChannel();
  const scheduler = new MessageChannel();
  const accounts = new MessageChannel();
  const identity = (commonName: string) => ({
    peer: { commonName, organizations: [], verified: true },
  });
  servePort(controllers.port1, api.handler, identity('system:kube-controller-manager'));
  servePort(scheduler.port1, api.handler, identity('system:kube-scheduler'));
  servePort(accounts.port1, api.handler);
  const workerData: WorkerOptions = {
    controllersPort: controllers.port2,
    schedulerPort: scheduler.port2,
    accountsPort: accounts.port2,
    authority: pki.authority,
    clusterCidr: options.clusterCidr,
    clusterDns: addressAt(options.serviceCidr, 10),
    logLevel: options.logLevel,
  };
  const worker = new Worker(programUrl('server-worker'), {
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb: workerYoungMb },
    transferList: [controllers.port2, scheduler.port2, accounts.port2],
  });
  // Without its controllers a server is none; the guardian starts both again.
  worker.on('error', (error) => {
    logger.error('the controllers died', error);
    throw error;
  });
  return worker;
}

async function close(parts: {
  api: Api;
  https: HttpsServer;
  worker: Worker | undefined;
  compactor: { stop(): void };
  driver: Driver;
}): Promise<void> {
  parts.worker?.postMessage('stop');
  parts.compactor.stop();
  await parts.https.close();
  parts.api.close();
  await parts.worker?.terminate();
  await parts.driver.close();
}

/** Runs until SIGTERM or SIGINT. */
export async function server(options: ServerOptions): Promise<void> {
  let running: RunningServer;
  try {
    running = await startServer(options);
  } catch (error) {
    throw explain(error, options);
  }
  await untilSignal();
  await running.close();
}

function explain(error: unknown, options: ServerOptions): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    const message = `port ${options.port} is in use by another program; give another with --port`;
    return new CliError('inUse', message, { cause: error });
  }
  if (code === 'ERR_STORAGE_IN_USE') {
    const message = `${options.dataDirectory} is in use by another server; stop it or give another --data-dir`;
    return new CliError('inUse', message, { cause: error });
  }
  return error;
}
