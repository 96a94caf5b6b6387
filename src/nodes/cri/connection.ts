// The socket of a container runtime: CRI v1 and, on the same socket, containerd's own services.
import { readFileSync } from 'node:fs';
import type { INamespace } from 'protobufjs';
import { type CallOptions, GrpcChannel, GrpcError, goCodeName, grpcStatus } from '../../grpc.ts';
import {
  RuntimeCallError,
  RuntimeNotFoundError,
  RuntimeTimeoutError,
  RuntimeUnavailableError,
} from '../runtime.ts';

/** Upstream kubelet's `--runtime-request-timeout`. */
const requestTimeoutMs = 2 * 60_000;

function descriptor(file: string): INamespace {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as INamespace;
}

/** Maps gRPC's failures to the runtime port's errors. */
export class CriConnection {
  readonly #cri: GrpcChannel;
  readonly #containerd: GrpcChannel;

  /** @param socketPath of the runtime, e.g. `/run/containerd/containerd.sock` */
  constructor(socketPath: string) {
    const target = `unix://${socketPath}`;
    this.#cri = new GrpcChannel({ target, descriptor: descriptor('./cri-v1.json') });
    this.#containerd = new GrpcChannel({
      target,
      descriptor: descriptor('./containerd.json'),
      metadata: { 'containerd-namespace': 'k8s.io' },
    });
  }

  /**
   * A RuntimeService call.
   *
   * @throws RuntimeNotFoundError, RuntimeUnavailableError, RuntimeTimeoutError, RuntimeCallError
   */
  async runtime<Response>(
    method: string,
    request: object,
    options?: CallOptions,
  ): Promise<Response> {
    return await this.#call<Response>('runtime.v1.RuntimeService', method, request, options);
  }

  /** An ImageService call; throws as `runtime` does. */
  async image<Response>(method: string, request: object, options?: CallOptions): Promise<Response> {
    return await this.#call<Response>('runtime.v1.ImageService', method, request, options);
  }

  /** CRI's own event stream; GrpcError UNIMPLEMENTED where the runtime has none. */
  criEvents<Message>(signal: AbortSignal): AsyncGenerator<Message> {
    return this.#cri.stream('runtime.v1.RuntimeService', 'GetContainerEvents', {}, { signal });
  }

  /** A streaming call of one of containerd's own services. */
  containerdStream<Message>(
    service: string,
    method: string,
    request: object,
    signal: AbortSignal,
  ): AsyncGenerator<Message> {
    return this.#containerd.stream(`containerd.services.${service}`, method, request, { signal });
  }

  /** Decodes a message that containerd wrapped in an Any. */
  decodeContainerd(type: string, bytes: Uint8Array): object {
    return this.#containerd.decodeMessage(type, bytes);
  }

  close(): void {
    this.#cri.close();
    this.#containerd.close();
  }

  async #call<Response>(
    service: string,
    method: string,
    request: object,
    options: CallOptions = {},
  ): Promise<Response> {
    try {
      return await this.#cri.unary<Response>(service, method, request, {
        timeoutMs: requestTimeoutMs,
        ...options,
      });
    } catch (error) {
      throw translate(error);
    }
  }
}

function translate(error: unknown): unknown {
  if (!(error instanceof GrpcError)) return error;
  if (error.code === grpcStatus.NOT_FOUND) {
    return new RuntimeNotFoundError(error.details, { cause: error });
  }
  if (error.code === grpcStatus.UNAVAILABLE) {
    return new RuntimeUnavailableError(error.details, { cause: error });
  }
  const name = goCodeName(error.code);
  return error.code === grpcStatus.DEADLINE_EXCEEDED
    ? new RuntimeTimeoutError(error.details, name, { cause: error })
    : new RuntimeCallError(error.details, name, { cause: error });
}
