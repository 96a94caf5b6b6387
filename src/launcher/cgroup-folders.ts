// Takes a cluster's cgroups away, in every hierarchy, once nothing runs in them.
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const hierarchiesRoot = '/sys/fs/cgroup';
/** How long a cgroup may stay busy with processes that are gone, in wall time. */
const busyTimeoutMs = 3000;

/** Removes the cgroup `path` and all below it from every hierarchy; nothing may run in it. */
export async function removeCgroups(path: string): Promise<void> {
  const hierarchies = readdirSync(hierarchiesRoot, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(hierarchiesRoot, entry.name));
  for (const hierarchy of [hierarchiesRoot, ...hierarchies]) {
    const folder = join(hierarchy, path);
    if (existsSync(folder)) await removeTree(folder);
    // The last cluster takes the common parent along.
    removeUnlessUsed(dirname(folder));
  }
}

async function removeTree(folder: string): Promise<void> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  }
  const deadlineMs = Date.now() + busyTimeoutMs;
  // What was killed leaves its cgroup a little later than the table of processes.
  while (!removeUnlessUsed(folder)) {
    if (Date.now() > deadlineMs) throw new Error(`cannot remove cgroup ${folder}: it is in use`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Gives whether it is gone. */
function removeUnlessUsed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
    throw error;
  }
}
