// Lines of a container's log as the runtime writes them (the CRI format), and what of them is asked for.

/** `kubectl logs` and its API: what to show. */
export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly sinceMs?: number;
  readonly stream: 'All' | 'Stdout' | 'Stderr';
}

/** One record: `2026-01-01T00:00:00.000000000Z stdout F text`. */
export interface LogRecord {
  readonly time: string;
  readonly stream: string;
  /** With its newline, unless the runtime cut a long line here. */
  readonly text: Buffer;
}

const space = 0x20;
const newline = Buffer.from('\n');

/** Gives undefined for a line that is not of the format. @param line without its newline */
export function parseLogLine(line: Buffer): LogRecord | undefined {
  const afterTime = line.indexOf(space);
  const afterStream = line.indexOf(space, afterTime + 1);
  if (afterTime < 0 || afterStream < 0) return undefined;
  const next = line.indexOf(space, afterStream + 1);
  const afterTags = next < 0 ? line.length : next;
  const time = line.toString('latin1', 0, afterTime);
  const stream = line.toString('latin1', afterTime + 1, afterStream);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  if (Number.isNaN(Date.parse(time))) return undefined;
  const [tag] = line.toString('latin1', afterStream + 1, afterTags).split(':');
  const text = line.subarray(afterTags + 1);
  return { time, stream, text: tag === 'P' ? text : Buffer.concat([text, newline]) };
}

/** Turns records into what is shown; keeps count of the byte limit. */
export class LogFilter {
  readonly #options: LogOptions;
  #bytesLeft: number;
  #isLineStart = true;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#bytesLeft = options.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  /** The limit is reached: nothing more will be shown. */
  get isDone(): boolean {
    return this.#bytesLeft <= 0;
  }

  /** What of `record` is shown; undefined when nothing is. */
  show({ time, stream, text }: LogRecord): Buffer | undefined {
    const { sinceMs, timestamps } = this.#options;
    const wanted = this.#options.stream.toLowerCase();
    if (wanted !== 'all' && wanted !== stream) return undefined;
    if (sinceMs !== undefined && Date.parse(time) < sinceMs) return undefined;
    const prefix = timestamps && this.#isLineStart ? `${nanoseconds(time)} ` : '';
    this.#isLineStart = text.at(-1) === 0x0a;
    const whole = prefix === '' ? text : Buffer.concat([Buffer.from(prefix), text]);
    const shown = whole.subarray(0, this.#bytesLeft);
    this.#bytesLeft -= shown.length;
    return shown;
  }
}

/** RFC 3339 with all nine digits, as upstream prints them; runtimes drop trailing zeros. */
function nanoseconds(time: string): string {
  const match = /^([^.]*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time);
  if (match === null) return time;
  const [, seconds = '', fraction = '', zone = ''] = match;
  return `${seconds}.${fraction.padEnd(9, '0').slice(0, 9)}${zone}`;
}
