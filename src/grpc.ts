// gRPC calls described by protobufjs JSON descriptors: unary and server-streaming, typed by the caller.
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/** Codes that callers tell apart (https://grpc.io/docs/guides/status-codes). */
export const grpcStatus = grpc.status;

/** A gRPC code as Go prints it: `DeadlineExceeded`. */
export function goCodeName(code: number): string {
  return (grpc.status[code] ?? `Code(${code})`)
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('');
}

/** A call failed; `code` is the gRPC status, `details` what the server said. */
export class GrpcError extends Error {
  readonly code: number;
  readonly details: string;
  constructor(method: string, code: number, details: string, options?: ErrorOptions) {
    super(`${method}: ${grpc.status[code] ?? code}: ${details}`, options);
    this.code = code;
    this.details = details;
  }
}

export interface CallOptions {
  /** Wall time; default none. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly metadata?: Readonly<Record<string, string>>;
}

interface Codec {
  readonly path: string;
  encode(message: object): Buffer;
  decode(bytes: Buffer): object;
}

/** Messages come back with 64-bit integers as numbers, enums as names, bytes as Buffers. */
const conversion: protobuf.IConversionOptions = {
  longs: Number,
  enums: String,
  defaults: true,
  arrays: true,
  objects: true,
};

/**
 * One server, any number of services of one descriptor.
 *
 * @param target as gRPC names it: `unix:///run/containerd/containerd.sock`, `host:port`
 */
export class GrpcChannel {
  readonly #client: grpc.Client;
  readonly #root: protobuf.Root;
  readonly #codecs = new Map<string, Codec>();

  constructor(options: {
    target: string;
    descriptor: protobuf.INamespace;
    credentials?: grpc.ChannelCredentials;
    messageBytesMax?: number;
    metadata?: Readonly<Record<string, string>>;
  }) {
    const messageBytesMax = options.messageBytesMax ?? 64 * 1024 * 1024;
    this.#root = protobuf.Root.fromJSON(options.descriptor);
    this.#metadata = options.metadata ?? {};
    this.#client = new grpc.Client(
      options.target,
      options.credentials ?? grpc.credentials.createInsecure(),
      {
        'grpc.max_receive_message_length': messageBytesMax,
        'grpc.max_send_message_length': messageBytesMax,
        // A daemon that restarts is back within a second; the default back-off waits far longer.
        'grpc.initial_reconnect_backoff_ms': 100,
        'grpc.max_reconnect_backoff_ms': 1000,
      },
    );
  }

  readonly #metadata: Readonly<Record<string, string>>;

  /** The type by its full name, for messages inside `google.protobuf.Any`. */
  decodeMessage(type: string, bytes: Uint8Array): object {
    const message = this.#root.lookupType(type);
    return message.toObject(message.decode(bytes), conversion);
  }

  /**
   * Calls `service/method` and waits for its answer.
   *
   * @param service full name: `runtime.v1.RuntimeService`
   * @throws GrpcError
   */
  unary<Response>(
    service: string,
    method: string,
    request: object,
    options: CallOptions = {},
  ): Promise<Response> {
    const codec = this.#codec(service, method);
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        codec.path,
        codec.encode,
        codec.decode,
        request,
        this.#callMetadata(options),
        this.#callOptions(options),
        (error, response) => {
          options.signal?.removeEventListener('abort', cancel);
          if (error !== null) {
            reject(new GrpcError(method, error.code, error.details, { cause: error }));
          } else {
            resolve(response as Response);
          }
        },
      );
      const cancel = () => call.cancel();
      if (options.signal?.aborted === true) cancel();
      else options.signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  /** Calls a server-streaming method; ends when the server does, throws GrpcError on failure. */
  async *stream<Message>(
    service: string,
    method: string,
    request: object,
    options: CallOptions = {},
  ): AsyncGenerator<Message> {
    const codec = this.#codec(service, method);
    const call = this.#client.makeServerStreamRequest(
      codec.path,
      codec.encode,
      codec.decode,
      request,
      this.#callMetadata(options),
      this.#callOptions(options),
    );
    const cancel = () => call.cancel();
    options.signal?.addEventListener('abort', cancel, { once: true });
    if (options.signal?.aborted === true) cancel();
    try {
      for await (const message of call) yield message as Message;
    } catch (error) {
      const { code, details } = error as Partial<grpc.ServiceError>;
      throw new GrpcError(method, code ?? grpc.status.UNKNOWN, details ?? String(error), {
        cause: error,
      });
    } finally {
      options.signal?.removeEventListener('abort', cancel);
      call.cancel();
    }
  }

  close(): void {
    this.#client.close();
  }

  #callMetadata(options: CallOptions): grpc.Metadata {
    const metadata = new grpc.Metadata();
    for (const [key, value] of Object.entries({ ...this.#metadata, ...options.metadata })) {
      metadata.set(key, value);
    }
    return metadata;
  }

  #callOptions(options: CallOptions): grpc.CallOptions {
    return options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs };
  }

  #codec(serviceName: string, methodName: string): Codec {
    const path = `/${serviceName}/${methodName}`;
    const known = this.#codecs.get(path);
    if (known !== undefined) return known;
    const service = this.#root.lookupService(serviceName);
    const method = service.methods[methodName];
    if (method === undefined) throw new Error(`no method ${path} in the descriptor`);
    const requestType = service.lookupType(method.requestType);
    const responseType = service.lookupType(method.responseType);
    const codec: Codec = {
      path,
      encode: (message) =>
        Buffer.from(requestType.encode(requestType.fromObject(message)).finish()),
      decode: (bytes) => responseType.toObject(responseType.decode(bytes), conversion),
    };
    this.#codecs.set(path, codec);
    return codec;
  }
}
