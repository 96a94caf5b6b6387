// How everything inside reaches the API: one narrow port with direct, MessagePort and HTTPS forms.

export interface TransportRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, encoded. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal;
  /** The answer goes on, as a watch's does: it must not hold up requests that end by themselves. */
  readonly streams?: boolean;
}

export interface TransportResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The body in pieces as they come; must be consumed or cancelled with `return()`. A connection
   * lost in the middle rejects the iteration.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Rejects only when no answer could be had (connection refused, reset, aborted); an error status
 * is an answer. Credentials belong to the transport. Implementations: `direct.ts` (an ApiHandler
 * in this loop), `port.ts` (over a MessagePort), `https.ts`.
 */
export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>;
  close(): Promise<void>;
}
