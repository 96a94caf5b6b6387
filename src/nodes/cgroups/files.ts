// Reading, writing and removing cgroup folders, tolerant of what vanishes meanwhile.
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

export async function write(directory: string, file: string, value: string): Promise<void> {
  try {
    await writeFile(path.join(directory, file), value);
  } catch (error) {
    throw new Error(`cannot write ${value} to ${path.join(directory, file)}`, { cause: error });
  }
}

export async function makeDirectory(directory: string): Promise<void> {
  try {
    // Nearly always enough, and Node works out a recursive one on its main thread.
    await mkdir(directory);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') await mkdir(directory, { recursive: true });
  }
}

export async function directoriesIn(directory: string): Promise<readonly string[]> {
  return (await directoriesIfPresent(directory)) ?? [];
}

async function directoriesIfPresent(directory: string): Promise<readonly string[] | undefined> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Process ids in a cgroup, those of its children not included; 0 is outside our namespace. */
async function processesIn(directory: string): Promise<readonly number[]> {
  const text = await readFile(path.join(directory, 'cgroup.procs'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 1);
}

const removeTriesMax = 50;

/** Kills every process at or below `directory` and removes the folders, deepest first. */
export async function removeTree(directory: string): Promise<void> {
  const below = await directoriesIfPresent(directory);
  if (below === undefined) return;
  for (const name of below) await removeTree(path.join(directory, name));
  for (let tries = 0; ; tries++) {
    for (const pid of await processesIn(directory)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if (codeOf(error) !== 'ESRCH') throw error;
      }
    }
    try {
      await rmdir(directory);
      return;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || tries >= removeTriesMax) throw error;
    }
    // The kernel takes wall time to reap what was killed; no cluster time is involved.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
