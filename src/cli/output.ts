// What the user sees: a step list on a terminal, plain lines elsewhere, one JSON value for scripts.

export type OutputFormat = 'text' | 'json';

/** A step that was begun; exactly one of its ends is called. */
export interface Step {
  done(detail?: string): void;
  failed(): void;
}

export interface Output {
  readonly format: OutputFormat;
  readonly quiet: boolean;
  /** A step of a longer command; on a terminal its line is rewritten when it ends. */
  step(title: string): Step;
  /** A line for people: not printed with `-q` or `-o json`. */
  say(line: string): void;
  /** Only with `-v`. */
  detail(line: string): void;
  /** To standard error, whatever the format. */
  warn(line: string): void;
  /** The command's result: `text` for people, `value` with `-o json`. */
  result(text: string, value: unknown): void;
}

export interface OutputOptions {
  readonly format: OutputFormat;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export function createOutput(options: OutputOptions): Output {
  const { format, stdout, stderr } = options;
  const people = format === 'text' && !options.quiet;
  const live = people && stdout.isTTY === true;
  const line = (text: string) => void stdout.write(`${text}\n`);
  return {
    format,
    quiet: options.quiet,
    step(title) {
      const startedMs = performance.now();
      if (live) stdout.write(` … ${title}`);
      const end = (mark: string, detail: string) => {
        if (!people) return;
        const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
        const text = ` ${mark} ${title}${detail === '' ? '' : ` (${detail})`} ${seconds}s`;
        if (live) stdout.write(`\r\x1b[K${text}\n`);
        else line(text);
      };
      return { done: (detail = '') => end('✓', detail), failed: () => end('✗', '') };
    },
    say: (text) => (people ? line(text) : undefined),
    detail: (text) => (people && options.verbose ? line(`   ${text}`) : undefined),
    warn: (text) => void stderr.write(`${text}\n`),
    result(text, value) {
      if (format === 'json') line(JSON.stringify(value, undefined, 2));
      else if (text !== '') line(text);
    },
  };
}

/** Runs `work` as one step. */
export async function inStep<T>(output: Output, title: string, work: () => Promise<T>): Promise<T> {
  const step = output.step(title);
  try {
    const result = await work();
    step.done();
    return result;
  } catch (error) {
    step.failed();
    throw error;
  }
}

/** Rows under headings, columns aligned, as kubectl prints them. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  return [headings, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}
