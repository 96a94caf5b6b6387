// One etcd watch over one gRPC stream: fragments put together, its end told once.
import { CompactedError, StorageUnavailableError } from '../driver.ts';
import type { EtcdConnection } from './connection.ts';
import type { WatchEvent, WatchResponse } from './messages.ts';

export interface WatchStreamHandlers {
  /** Whole revisions, ascending. */
  events(events: readonly WatchEvent[]): void;
  /** Nothing up to `revision` is still to come. */
  progress(revision: number): void;
  /** The stream is over: CompactedError or StorageUnavailableError. */
  ended(error: Error): void;
}

export class WatchStream {
  readonly #stream: ReturnType<EtcdConnection['openWatch']>;
  readonly #handlers: WatchStreamHandlers;
  #fragments: WatchEvent[] = [];
  #closed = false;

  /** Watches `range` from `startRevision` (inclusive) on. */
  constructor(
    connection: EtcdConnection,
    range: { readonly key: Buffer; readonly range_end: Buffer },
    startRevision: number,
    handlers: WatchStreamHandlers,
  ) {
    this.#handlers = handlers;
    this.#stream = connection.openWatch();
    this.#stream.on('data', (response: WatchResponse) => this.#receive(response));
    this.#stream.on('error', (error) => this.#end(lost(error.message, error)));
    this.#stream.on('end', () => this.#end(lost('the server ended it')));
    this.#stream.write({
      create_request: {
        ...range,
        start_revision: startRevision,
        prev_kv: true,
        progress_notify: true,
        fragment: true,
      },
    });
  }

  requestProgress(): void {
    if (!this.#closed) this.#stream.write({ progress_request: {} });
  }

  /** Ends it without telling. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.cancel();
  }

  #receive(response: WatchResponse): void {
    if (this.#closed) return;
    const { events = [], header, compact_revision = '0' } = response;
    if (response.canceled === true) {
      const compacted = Number(compact_revision);
      const why = response.cancel_reason ?? 'the server cancelled it';
      this.#end(compacted > 0 ? new CompactedError(compacted) : lost(why));
      return;
    }
    this.#fragments.push(...events);
    if (response.created === true || response.fragment === true) return;
    if (this.#fragments.length === 0) {
      this.#handlers.progress(Number(header?.revision ?? 0));
      return;
    }
    const whole = this.#fragments;
    this.#fragments = [];
    this.#handlers.events(whole);
  }

  #end(error: Error): void {
    if (this.#closed) return;
    this.close();
    this.#handlers.ended(error);
  }
}

function lost(why: string, cause?: Error): StorageUnavailableError {
  return new StorageUnavailableError(`the etcd watch is lost: ${why}`, { cause });
}

/** The oldest revision that etcd can still read: it tells one who watches from the very first. */
export function compactedRevision(connection: EtcdConnection, key: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const range = { key, range_end: Buffer.concat([key, Buffer.from([0])]) };
    const stream = new WatchStream(connection, range, 1, {
      events: () => {
        stream.close();
        resolve(0);
      },
      progress: () => {},
      ended: (error) => {
        if (error instanceof CompactedError) resolve(error.compacted);
        else reject(error);
      },
    });
  });
}
