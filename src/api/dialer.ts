// The one way by which the server opens connections to nodes, pods and Services.
import type { Duplex } from 'node:stream';

export interface NodeAddress {
  readonly node: string;
  readonly address: string;
  readonly port: number;
  /**
   * `https` (the default) without `via` is an agent, whose certificate must name the address.
   * Pods and endpoints speak `http` or `https`; nobody vouches for their certificates.
   */
  readonly scheme?: 'http' | 'https';
  /** The agent whose node the address is reached from; absent where it is reached directly. */
  readonly via?: NodeAddress;
  /** A pod or an endpoint, not an agent. */
  readonly workload?: boolean;
}

export interface NodeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface DialedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: AsyncIterable<Uint8Array> | undefined;
  readonly signal: AbortSignal;
}

export interface Dialer {
  /** One request to an agent, a pod or an endpoint. Rejects when there is no answer. */
  request(to: NodeAddress, request: DialedRequest): Promise<NodeResponse>;
  /** A connection on which a request can be sent that is upgraded and piped. */
  connect(to: NodeAddress, signal: AbortSignal): Promise<Duplex>;
}
