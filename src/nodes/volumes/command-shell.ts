// Runs commands from one small shell: forking the agent itself would stop its loop for milliseconds.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

type Shell = ChildProcessByStdio<Writable, Readable, null>;

interface Waiting {
  readonly command: readonly string[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Ends what a command said; followed by its exit status. */
const endMark = '\0coracle-command-ended ';
const waitingMax = 10_000;

/** One command at a time, in order. The shell starts with the first and again if it is killed. */
export class CommandShell {
  #shell: Shell | undefined;
  readonly #waiting: Waiting[] = [];
  #said = '';
  #closing = false;

  /** @throws Error with what the command said, when it fails */
  run(command: readonly string[]): Promise<void> {
    if (this.#waiting.length >= waitingMax) throw new Error('too many commands wait');
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      if (this.#waiting.length === 1) this.#send();
    });
  }

  /** What is waiting still runs; the shell then ends. */
  close(): void {
    this.#closing = true;
    if (this.#waiting.length === 0) this.#end();
  }

  #end(): void {
    this.#shell?.stdin.end();
    this.#shell = undefined;
  }

  #send(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#keepAlive(false);
      if (this.#closing) this.#end();
      return;
    }
    this.#shell ??= this.#start();
    this.#keepAlive(true);
    const line = next.command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    this.#shell.stdin.write(`${line} 2>&1 </dev/null; printf '\\000${endMark.slice(1)}%d\\n' $?\n`);
  }

  #start(): Shell {
    const shell = spawn('/bin/sh', [], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
    });
    this.#said = '';
    shell.stdout.setEncoding('utf8');
    shell.stdout.on('data', (text: string) => this.#hear(text));
    shell.stdin.on('error', () => undefined);
    const lost = (why: string) => {
      if (this.#shell !== shell) return;
      this.#shell = undefined;
      this.#answer(new Error(`the shell ended: ${why}`));
    };
    shell.once('error', (error) => lost(error.message));
    shell.once('close', (code, signal) => lost(String(signal ?? code)));
    return shell;
  }

  #hear(text: string): void {
    this.#said += text;
    const at = this.#said.indexOf(endMark);
    if (at < 0 || !this.#said.endsWith('\n')) return;
    const status = Number(this.#said.slice(at + endMark.length));
    const output = this.#said.slice(0, at).trim();
    this.#said = '';
    const command = this.#waiting[0]?.command.join(' ') ?? '';
    const said = output === '' ? `exit status ${status}` : output;
    this.#answer(status === 0 ? undefined : new Error(`${command}: ${said}`));
  }

  #answer(error: Error | undefined): void {
    const answered = this.#waiting.shift();
    if (answered === undefined) return;
    if (error === undefined) answered.resolve();
    else answered.reject(error);
    this.#send();
  }

  /** An idle shell must not keep the process alive. */
  #keepAlive(busy: boolean): void {
    const shell = this.#shell;
    if (shell === undefined) return;
    const verb = busy ? 'ref' : 'unref';
    shell[verb]();
    for (const stream of [shell.stdin, shell.stdout]) (stream as unknown as Socket)[verb]();
  }
}
