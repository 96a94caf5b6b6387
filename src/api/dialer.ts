// The one way by which the server opens connections to nodes, pods and Services.
import type { Duplex } from 'node:stream';

export interface NodeAddress {
  readonly node: string;
  readonly address: string;
  readonly port: number;
  /** `http` reaches a pod or endpoint in plain text; default `https`, an agent. */
  readonly scheme?: 'http' | 'https';
}

export interface NodeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Dialer {
  /** A plain HTTPS request to a node's agent. Rejects when there is no answer. */
  request(
    to: NodeAddress,
    request: {
      readonly method: string;
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: AsyncIterable<Uint8Array> | undefined;
      readonly signal: AbortSignal;
    },
  ): Promise<NodeResponse>;
  /** A TLS connection to a node's agent, for requests that are upgraded and piped. */
  connect(to: NodeAddress, signal: AbortSignal): Promise<Duplex>;
}
