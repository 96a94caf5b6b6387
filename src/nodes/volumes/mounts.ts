// Mounting and unmounting by the machine's own tools, and what is mounted now.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

async function tool(command: string, args: readonly string[]): Promise<void> {
  try {
    await run(command, args);
  } catch (error) {
    const stderr = (error as { stderr?: string }).stderr ?? '';
    throw new Error(`${command} ${args.join(' ')}: ${stderr.trim() || String(error)}`, {
      cause: error,
    });
  }
}

/** A tmpfs of at most `sizeBytes` (0: the kernel's default) at `directory`. */
export function mountTmpfs(directory: string, sizeBytes: number): Promise<void> {
  const options = sizeBytes > 0 ? ['-o', `size=${sizeBytes}`] : [];
  return tool('mount', ['--no-canonicalize', '-t', 'tmpfs', ...options, 'tmpfs', directory]);
}

/** Bind-mounts `source` (a path such as /proc/<pid>/fd/<n>) over `target`. */
export function bindMount(source: string, target: string): Promise<void> {
  return tool('mount', ['--no-canonicalize', '-o', 'bind', source, target]);
}

export async function unmount(directory: string): Promise<void> {
  try {
    await tool('umount', ['--no-canonicalize', directory]);
  } catch (error) {
    if (String(error).includes('not mounted') || String(error).includes('no mount point')) return;
    // Something in the pod's last moments may still hold it; detach it and let go.
    await tool('umount', ['--no-canonicalize', '--lazy', directory]);
  }
}

/** Mount points at or below `directory`, deepest first. */
export async function mountsUnder(directory: string): Promise<readonly string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines
    .map((line) => decodeOctal(line.split(' ')[4] ?? ''))
    .filter((point) => point === directory || point.startsWith(`${directory}/`))
    .reverse();
}

function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_whole, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
