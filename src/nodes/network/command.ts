// Runs the network's own programs (nft, ip, conntrack) and says what they said when they fail.
import { execFile } from 'node:child_process';

/** How long a program may take in wall time before it is ended. */
const timeoutMs = 30_000;
const outputBytesMax = 64 * 1024 * 1024;

/** Runs a program to its end and gives its standard output; rejects with what it printed. */
export type RunCommand = (
  program: string,
  args: readonly string[],
  input?: string,
) => Promise<string>;

export const runCommand: RunCommand = (program, args, input = '') =>
  new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, maxBuffer: outputBytesMax };
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const why = stderr.trim().split('\n').slice(0, 5).join(' | ');
      reject(new Error(`${program} ${args.join(' ')}: ${why || error.message}`, { cause: error }));
    });
    // A program that ends without reading its input closes the pipe; its exit status tells why.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
