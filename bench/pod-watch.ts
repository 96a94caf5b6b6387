// Follows the pods of one namespace: when each was first seen Running, and when all are gone.
import { type Connection, openConnections } from './connection.ts';
import type { Target } from './target.ts';

interface PodEvent {
  readonly type: string;
  readonly object: {
    readonly metadata?: { readonly name?: string };
    readonly status?: { readonly phase?: string };
  };
}

export class PodWatch {
  readonly #connection: Connection;
  readonly #runningMs = new Map<string, number>();
  readonly #present = new Set<string>();
  readonly #waiting = new Set<() => void>();

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  static async open(target: Target, namespace: string): Promise<PodWatch> {
    const [connection] = await openConnections(target, 'http/1.1', 1);
    if (connection === undefined) throw new Error('no connection to watch with');
    const watch = new PodWatch(connection);
    let rest = '';
    const onData = (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) watch.#seen(JSON.parse(line) as PodEvent);
    };
    const path = `/api/v1/namespaces/${namespace}/pods?watch=1&timeoutSeconds=3600`;
    connection.ask({ method: 'GET', path, onData }).catch(() => undefined);
    return watch;
  }

  /** When `performance.now()` the pod was first seen Running. */
  runningMs(name: string): number | undefined {
    return this.#runningMs.get(name);
  }

  /** @throws after the time, saying how many there were */
  async waitForRunning(count: number, timeoutMs: number): Promise<void> {
    const why = () => `${this.#runningMs.size} of ${count} pods are Running`;
    await this.#waitUntil(() => this.#runningMs.size >= count, timeoutMs, why);
  }

  /** @throws after the time, saying how many are left */
  async waitUntilGone(timeoutMs: number): Promise<void> {
    const why = () => `${this.#present.size} pods are left`;
    await this.#waitUntil(() => this.#present.size === 0, timeoutMs, why);
  }

  async #waitUntil(met: () => boolean, timeoutMs: number, why: () => string): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    while (!met()) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new Error(why());
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.#waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, leftMs);
        this.#waiting.add(done);
      });
    }
  }

  close(): void {
    this.#connection.close();
  }

  #seen({ type, object }: PodEvent): void {
    const name = object.metadata?.name;
    if (name === undefined) return;
    if (type === 'DELETED') this.#present.delete(name);
    else this.#present.add(name);
    if (object.status?.phase === 'Running' && !this.#runningMs.has(name)) {
      this.#runningMs.set(name, performance.now());
    }
    for (const done of this.#waiting) done();
  }
}
