// Mounting and unmounting by the machine's own tools, and what is mounted now.
import { readFile } from 'node:fs/promises';
import { CommandShell } from './command-shell.ts';

/** The mounts of one node; `close` when no more will be made. */
export class Mounts {
  readonly #shell = new CommandShell();

  /** A tmpfs of at most `sizeBytes` (0: the kernel's default) at `directory`. */
  mountTmpfs(directory: string, sizeBytes: number): Promise<void> {
    const options = sizeBytes > 0 ? ['-o', `size=${sizeBytes}`] : [];
    return this.#mount(['-t', 'tmpfs', ...options, 'tmpfs', directory]);
  }

  /** Bind-mounts `source` (a path such as /proc/<pid>/fd/<n>) over `target`. */
  bindMount(source: string, target: string): Promise<void> {
    return this.#mount(['-o', 'bind', source, target]);
  }

  async unmount(directory: string): Promise<void> {
    try {
      await this.#shell.run(['umount', '--no-canonicalize', directory]);
    } catch (error) {
      if (String(error).includes('not mounted') || String(error).includes('no mount point')) return;
      // Something in the pod's last moments may still hold it; detach it and let go.
      await this.#shell.run(['umount', '--no-canonicalize', '--lazy', directory]);
    }
  }

  close(): void {
    this.#shell.close();
  }

  #mount(args: readonly string[]): Promise<void> {
    return this.#shell.run(['mount', '--no-canonicalize', ...args]);
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
