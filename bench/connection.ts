// What load goes through: requests over HTTP/1.1 sockets or HTTP/2 streams, alike to the caller.

import { Http1Connection } from './http1.ts';
import { Http2Pool } from './http2.ts';
import type { Protocol } from './load-job.ts';
import type { Target } from './target.ts';

export interface Answer {
  readonly status: number;
  /** Of the body, as it came over the wire. */
  readonly bytes: number;
}

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  /** Default: JSON. */
  readonly accept?: string | undefined;
  /** Gets the body piece by piece as it comes; the pieces are only valid during the call. */
  readonly onData?: (chunk: Buffer) => void;
}

/** One conversation at a time, as one client has it. */
export interface Connection {
  ask(ask: Ask): Promise<Answer>;
  close(): void;
}

/** HTTP/2 clients put many streams on one session; Go's default is all of them, up to 250. */
const streamsPerSession = 100;

/** Opens so many connections; a rejected one rejects the whole. */
export async function openConnections(
  target: Target,
  protocol: Protocol,
  count: number,
): Promise<readonly Connection[]> {
  if (protocol === 'http/1.1') {
    const opening = Array.from({ length: count }, () => Http1Connection.open(target));
    return await Promise.all(opening);
  }
  const pool = await Http2Pool.open(target, Math.ceil(count / streamsPerSession));
  return Array.from({ length: count }, (_, index) => pool.connection(index));
}

/** One request over a connection of its own; whatever the answer's body, however large. */
export async function askStatus(target: Target, ask: Ask): Promise<number> {
  const [connection] = await openConnections(target, 'http/1.1', 1);
  if (connection === undefined) throw new Error('no connection');
  try {
    return (await connection.ask(ask)).status;
  } finally {
    connection.close();
  }
}

/** One request over a connection of its own, with its answer as JSON. */
export async function askJson(
  target: Target,
  ask: Omit<Ask, 'onData'>,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const [connection] = await openConnections(target, 'http/1.1', 1);
  if (connection === undefined) throw new Error('no connection');
  const chunks: Buffer[] = [];
  try {
    const onData = (chunk: Buffer) => void chunks.push(Buffer.from(chunk));
    const { status } = await connection.ask({ ...ask, onData });
    return { status, body: parse(Buffer.concat(chunks).toString()) };
  } finally {
    connection.close();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
