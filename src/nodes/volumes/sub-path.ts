// subPath mounts that no symbolic link can lead out of the volume.
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Mounts, mountsUnder } from './mounts.ts';

// Node has no name for it; the value is the same on every Linux that coracle runs on.
const O_PATH = 0o10000000;

/**
 * Opens `relative` below `volumePath` one component at a time through /proc/self/fd, never
 * following a link; missing components become directories. The caller closes the handle.
 */
export async function openSubPath(volumePath: string, relative: string): Promise<FileHandle> {
  if (path.isAbsolute(relative)) throw new Error(`subPath must be relative: ${relative}`);
  const parts = relative.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new Error("subPath must not contain '..'");
  let handle = await open(volumePath, O_PATH | constants.O_DIRECTORY);
  for (const part of parts) {
    const parent = handle;
    try {
      handle = await openComponent(parent, part);
    } finally {
      await parent.close();
    }
  }
  return handle;
}

async function openComponent(parent: FileHandle, name: string): Promise<FileHandle> {
  const at = path.join('/proc/self/fd', String(parent.fd), name);
  const flags = O_PATH | constants.O_NOFOLLOW;
  let child: FileHandle;
  try {
    child = await open(at, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const { mode } = await parent.stat();
    await mkdir(at, { mode: mode & 0o777 });
    child = await open(at, flags);
  }
  if ((await child.stat()).isSymbolicLink()) {
    await child.close();
    throw new Error(`subpath "${name}" not within volume path: it is a symbolic link`);
  }
  return child;
}

/** The symlinks of atomic volumes (`key` -> `..data/key`) are ours and are followed by hand. */
async function openFollowingData(volumePath: string, relative: string): Promise<FileHandle> {
  const data = path.join(volumePath, '..data');
  const isAtomic = await stat(data).then(
    () => true,
    () => false,
  );
  if (!isAtomic) return openSubPath(volumePath, relative);
  return openSubPath(await realpath(data), relative);
}

/**
 * Bind-mounts the descriptor of `relative` in `volumePath` over `target` and gives `target`:
 * what the container gets stays what was checked, whatever happens to the path later.
 */
export async function mountSubPath(
  mounts: Mounts,
  volumePath: string,
  relative: string,
  target: string,
): Promise<string> {
  const handle = await openFollowingData(volumePath, relative);
  try {
    if ((await mountsUnder(target)).length > 0) {
      if (await isSameFile(handle, target)) return target;
      // An atomic volume has been renewed since: a restarted container gets what is there now.
      await mounts.unmount(target);
    }
    await mkdir(path.dirname(target), { recursive: true, mode: 0o750 });
    if ((await handle.stat()).isDirectory()) await mkdir(target, { recursive: true, mode: 0o750 });
    else await writeFile(target, '', { flag: 'a', mode: 0o640 });
    await mounts.bindMount(`/proc/${process.pid}/fd/${handle.fd}`, target);
    return target;
  } finally {
    await handle.close();
  }
}

async function isSameFile(handle: FileHandle, target: string): Promise<boolean> {
  const [source, mounted] = await Promise.all([handle.stat(), stat(target)]);
  return source.dev === mounted.dev && source.ino === mounted.ino;
}
