// One request and its answer, free of any transport: HTTPS, a MessagePort and a direct call share them.
import type { Duplex } from 'node:stream';

/** Who stands at the other end of a TLS connection. */
export interface PeerCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Authentication compares it with the cluster's client CA; already verified by TLS. */
  readonly verified: boolean;
}

export interface ApiRequest {
  readonly method: string;
  /** Raw path and query, never decoded before it is parsed once. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Absent for methods without one. Nothing reads it before authorization. */
  readonly body?: AsyncIterable<Uint8Array>;
  readonly peer?: PeerCertificate | undefined;
  readonly remoteAddress?: string | undefined;
  /** The insecure loopback port: the request counts as system:masters. */
  readonly insecure?: boolean;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /**
   * The raw connection of a request with `Connection: Upgrade`; only HTTPS has one. Whoever takes
   * it writes the 101 itself and owns the socket.
   */
  readonly upgrade?: { readonly socket: Duplex; readonly head: Uint8Array };
}

/** Where a streamed answer is written. */
export interface BodyWriter {
  /** Resolves (or returns) when more may be written; rejects when the client is gone. */
  write(chunk: Uint8Array | string): Promise<void> | undefined;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Whole, streamed by a function, or none; `upgraded` when the socket was taken. */
  readonly body?: Uint8Array | string | ((writer: BodyWriter) => Promise<void>);
  readonly upgraded?: boolean;
}

/** The whole API as one function. Never rejects: every failure is an answer. */
export type ApiHandler = (request: ApiRequest) => Promise<ApiResponse>;
