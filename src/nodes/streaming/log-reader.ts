// Reads a container's log file from the asked line on, and follows it over rotation to the end.
import { watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Clock, sleep } from '../../clock.ts';
import { LogFilter, type LogOptions, parseLogLine } from './log-lines.ts';

const chunkBytes = 64 * 1024;
/** A line longer than this is cut; runtimes cut at 16 KiB. */
const lineBytesMax = 1024 * 1024;
/** How often a follower looks whether the container still runs, and past missed file events. */
const checkMs = 1000;

export interface LogSource {
  readonly file: string;
  /** Whether the container may still write. */
  readonly isRunning: () => Promise<boolean>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The pieces that the options ask for, as they come. */
export async function* readLog(
  source: LogSource,
  options: LogOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const filter = new LogFilter(options);
  let handle = await openLog(source.file);
  try {
    let position = await tailPosition(handle, options.tailLines);
    let rest: Buffer = Buffer.alloc(0);
    let isEnding = !options.follow;
    let checkedMs = 0;
    const changes = options.follow ? new FileChanges(source) : undefined;
    try {
      while (!source.signal.aborted && !filter.isDone) {
        const chunk = await readChunk(handle, position);
        position += chunk.length;
        const lines = splitLines(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]));
        rest = lines.rest;
        for (const line of lines.whole) {
          const record = parseLogLine(line);
          const shown = record === undefined ? undefined : filter.show(record);
          if (shown !== undefined && shown.length > 0) yield shown;
          if (filter.isDone) return;
        }
        if (chunk.length > 0) continue;
        if (await isReplaced(handle, source.file)) {
          const next = await openLog(source.file);
          await handle.close();
          handle = next;
          position = 0;
          continue;
        }
        if (isEnding) return;
        await changes?.next();
        // Once more after the end was seen: what was written just before it must be shown.
        if (source.clock.nowMs() - checkedMs >= checkMs) {
          checkedMs = source.clock.nowMs();
          isEnding = !(await source.isRunning());
        }
      }
    } finally {
      changes?.close();
    }
  } finally {
    await handle.close();
  }
}

async function openLog(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    throw new Error(`failed to try resolving symlinks in path ${JSON.stringify(file)}`, {
      cause: error,
    });
  }
}

async function readChunk(handle: FileHandle, position: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  const { bytesRead } = await handle.read(buffer, 0, chunkBytes, position);
  return buffer.subarray(0, bytesRead);
}

/** Whether the log was rotated: another file stands at its path. */
async function isReplaced(handle: FileHandle, file: string): Promise<boolean> {
  try {
    const [held, current] = await Promise.all([handle.stat(), stat(file)]);
    return held.ino !== current.ino || held.dev !== current.dev;
  } catch {
    // Between rename and reopen there is none; soon there is.
    return false;
  }
}

function splitLines(buffer: Buffer): { readonly whole: readonly Buffer[]; readonly rest: Buffer } {
  const whole: Buffer[] = [];
  let from = 0;
  for (let end = buffer.indexOf(0x0a); end >= 0; end = buffer.indexOf(0x0a, from)) {
    whole.push(buffer.subarray(from, end));
    from = end + 1;
  }
  const rest = buffer.subarray(from);
  return { whole, rest: rest.length > lineBytesMax ? Buffer.alloc(0) : rest };
}

/** Where the last `lines` lines begin. */
async function tailPosition(handle: FileHandle, lines: number | undefined): Promise<number> {
  if (lines === undefined) return 0;
  const { size } = await handle.stat();
  if (lines <= 0) return size;
  // The newline at the very end closes the last line and does not count.
  let left = lines + 1;
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - chunkBytes);
    const chunk = Buffer.allocUnsafe(end - start);
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, start);
    let at = bytesRead;
    while (at > 0) {
      at = chunk.lastIndexOf(0x0a, at - 1);
      if (at < 0) break;
      left--;
      if (left === 0) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

/** Wakes when the log's folder changes, or after a while. */
class FileChanges {
  readonly #source: LogSource;
  readonly #watcher: ReturnType<typeof watch> | undefined;
  #isChanged = false;
  #wake: (() => void) | undefined;

  constructor(source: LogSource) {
    this.#source = source;
    try {
      this.#watcher = watch(path.dirname(source.file), { persistent: false }, () => {
        this.#isChanged = true;
        this.#wake?.();
      });
      this.#watcher.on('error', () => undefined);
    } catch {
      // No inotify watches left: the periodic look has to do.
      this.#watcher = undefined;
    }
  }

  async next(): Promise<void> {
    const woken = new AbortController();
    const stop = () => woken.abort();
    if (!this.#isChanged) {
      this.#wake = stop;
      this.#source.signal.addEventListener('abort', stop, { once: true });
      await sleep(this.#source.clock, checkMs, woken.signal);
      this.#source.signal.removeEventListener('abort', stop);
      this.#wake = undefined;
    }
    this.#isChanged = false;
  }

  close(): void {
    this.#watcher?.close();
  }
}
