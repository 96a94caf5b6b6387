// gRPC to a set of etcd endpoints: calls with deadlines and fail-over, and the watch stream.
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type {
  Client,
  ClientDuplexStream,
  credentials,
  ServiceError,
  VerifyOptions,
} from '@grpc/grpc-js';
import { sleep, systemClock } from '../../clock.ts';
import { StorageUnavailableError } from '../driver.ts';
import type { WatchResponse } from './messages.ts';

const callTimeoutMs = 20_000;
const retriesMax = 4;
const retryDelayMs = 100;
/** gRPC's codes for a server that could not be reached or did not answer in time. */
const unreachableCodes = [1, 4, 14];

const methods = {
  range: ['KV', 'Range', 'RangeRequest', 'RangeResponse'],
  put: ['KV', 'Put', 'PutRequest', 'PutResponse'],
  txn: ['KV', 'Txn', 'TxnRequest', 'TxnResponse'],
  compact: ['KV', 'Compact', 'CompactionRequest', 'CompactionResponse'],
  leaseGrant: ['Lease', 'LeaseGrant', 'LeaseGrantRequest', 'LeaseGrantResponse'],
  leaseTimeToLive: [
    'Lease',
    'LeaseTimeToLive',
    'LeaseTimeToLiveRequest',
    'LeaseTimeToLiveResponse',
  ],
  status: ['Maintenance', 'Status', 'StatusRequest', 'StatusResponse'],
  watch: ['Watch', 'Watch', 'WatchRequest', 'WatchResponse'],
} as const;

export interface EtcdTls {
  readonly ca?: Uint8Array;
  readonly cert?: Uint8Array;
  readonly key?: Uint8Array;
}

interface Codec {
  readonly path: string;
  serialize(request: object): Buffer;
  deserialize(bytes: Buffer): object;
}

const channelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
};

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

function channelOf(from: typeof credentials, host: string, tls: EtcdTls | undefined) {
  if (tls === undefined) return { credentials: from.createInsecure(), options: {} };
  const pem = (bytes: Uint8Array | undefined) => (bytes === undefined ? null : Buffer.from(bytes));
  const make = (verify?: VerifyOptions) =>
    from.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert), verify);
  if (isIP(host) === 0) return { credentials: make(), options: {} };
  // gRPC would announce the address as the server's name, which Node.js refuses to: it announces
  // a name that says nothing, and the certificate is held against the address.
  return {
    credentials: make({ checkServerIdentity: (_, peer) => checkServerIdentity(host, peer) }),
    options: { 'grpc.ssl_target_name_override': 'etcd' },
  };
}

/** Clients of all endpoints; calls go to one of them until it cannot be reached. */
export class EtcdConnection {
  readonly #clients: readonly Client[];
  readonly #codecs: ReadonlyMap<string, Codec>;
  #active = 0;

  private constructor(clients: readonly Client[], codecs: ReadonlyMap<string, Codec>) {
    this.#clients = clients;
    this.#codecs = codecs;
  }

  /** Loads gRPC and makes the clients; nothing is sent yet. */
  static async create(endpoints: readonly string[], tls?: EtcdTls): Promise<EtcdConnection> {
    const [grpc, protobuf, protocol] = await Promise.all([
      import('@grpc/grpc-js'),
      import('protobufjs'),
      import('./protocol.json', { with: { type: 'json' } }),
    ]);
    const root = protobuf.default.Root.fromJSON(protocol.default);
    const codecs = new Map<string, Codec>();
    for (const [name, [service, method, requestType, responseType]] of Object.entries(methods)) {
      const request = root.lookupType(`etcdserverpb.${requestType}`);
      const response = root.lookupType(`etcdserverpb.${responseType}`);
      codecs.set(name, {
        path: `/etcdserverpb.${service}/${method}`,
        serialize: (message) => Buffer.from(request.encode(request.fromObject(message)).finish()),
        deserialize: (bytes) => response.toObject(response.decode(bytes), { longs: String }),
      });
    }
    const clients = endpoints.map((endpoint) => {
      const address = endpoint.replace(/^https?:\/\//, '');
      const { credentials, options } = channelOf(grpc.credentials, hostOf(address), tls);
      return new grpc.Client(address, credentials, { ...channelOptions, ...options });
    });
    return new EtcdConnection(clients, codecs);
  }

  /** Asks once; a write must not be repeated, since the first may have arrived. */
  async call<Response>(name: keyof typeof methods, request: object): Promise<Response> {
    try {
      return await this.#ask<Response>(name, request);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      this.rotate();
      throw new StorageUnavailableError(`etcd cannot be reached: ${error.details}`);
    }
  }

  /** Asks again, at the next endpoint, while none can be reached. */
  async read<Response>(name: keyof typeof methods, request: object): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.call<Response>(name, request);
      } catch (error) {
        const lost = error instanceof StorageUnavailableError;
        if (!lost || attempt > Math.max(retriesMax, this.#clients.length)) throw error;
        await sleep(systemClock, retryDelayMs * attempt);
      }
    }
  }

  openWatch(): ClientDuplexStream<object, WatchResponse> {
    const { path, serialize, deserialize } = this.#codec('watch');
    // The codec's output has the shape of the response type that its name looked up.
    return this.#client().makeBidiStreamRequest(
      path,
      serialize,
      (bytes) => deserialize(bytes) as WatchResponse,
    );
  }

  /** Turns to the next endpoint. */
  rotate(): void {
    this.#active = (this.#active + 1) % this.#clients.length;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #ask<Response>(name: keyof typeof methods, request: object): Promise<Response> {
    const { path, serialize, deserialize } = this.#codec(name);
    return new Promise((resolve, reject) => {
      this.#client().makeUnaryRequest(
        path,
        serialize,
        (bytes) => deserialize(bytes) as Response,
        request,
        { deadline: systemClock.nowMs() + callTimeoutMs },
        (error, response) => {
          if (error !== null) reject(error);
          else if (response === undefined) reject(new Error(`${path} answered nothing`));
          else resolve(response);
        },
      );
    });
  }

  #codec(name: keyof typeof methods): Codec {
    const codec = this.#codecs.get(name);
    if (codec === undefined) throw new Error(`no etcd method ${name}`);
    return codec;
  }

  #client(): Client {
    const client = this.#clients[this.#active];
    if (client === undefined) throw new StorageUnavailableError('no etcd endpoint is given');
    return client;
  }
}

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error;
}

function isUnreachable(error: unknown): error is ServiceError {
  return isServiceError(error) && unreachableCodes.includes(error.code);
}
