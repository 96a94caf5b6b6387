// Structured log lines: one per event, `key=value` text or JSON, each naming its component.
import type { Clock } from './clock.ts';

/** Values that a log line can carry beside its message. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where a component says what it does. Errors carry `error` with the whole cause chain. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, error?: unknown, fields?: LogFields): void;
  /** A logger whose lines carry `component` too, nested as `parent/component`. */
  child(component: string): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** A logger that gives each finished line (no newline) to `write`. */
export function createLogger(options: {
  clock: Clock;
  write: (line: string) => void;
  level?: LogLevel;
  format?: 'text' | 'json';
  component?: string;
}): Logger {
  const { clock, write, level = 'info', format = 'text', component = 'coracle' } = options;
  const least = levels.indexOf(level);
  const emit = (lineLevel: LogLevel, message: string, fields: LogFields | undefined) => {
    if (levels.indexOf(lineLevel) < least) return;
    const time = new Date(clock.nowMs()).toISOString();
    if (format === 'json') {
      write(JSON.stringify({ time, level: lineLevel, component, message, ...fields }));
      return;
    }
    let line = `${time} ${lineLevel.toUpperCase().padEnd(5)} ${component}: ${message}`;
    for (const [key, value] of Object.entries(fields ?? {})) {
      if (value !== undefined) line += ` ${key}=${JSON.stringify(value)}`;
    }
    write(line);
  };
  return {
    debug: (message, fields) => emit('debug', message, fields),
    info: (message, fields) => emit('info', message, fields),
    warn: (message, fields) => emit('warn', message, fields),
    error: (message, error, fields) =>
      emit(
        'error',
        message,
        error === undefined ? fields : { ...fields, error: describeError(error) },
      ),
    child: (name) => createLogger({ ...options, component: `${component}/${name}` }),
  };
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

/** An error's message followed by those of its causes, `outer: inner`. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.message === '' ? error.name : error.message;
  return error.cause === undefined ? own : `${own}: ${describeError(error.cause)}`;
}
