// Follows the pods of one namespace and says when each was first seen Running.
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
    const deadlineMs = performance.now() + timeoutMs;
    while (this.#runningMs.size < count) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new Error(`${this.#runningMs.size} of ${count} pods are Running`);
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

  #seen({ object }: PodEvent): void {
    const name = object.metadata?.name;
    if (name === undefined || object.status?.phase !== 'Running') return;
    if (this.#runningMs.has(name)) return;
    this.#runningMs.set(name, performance.now());
    for (const done of this.#waiting) done();
  }
}
