// Replaces a directory's files all at once: readers see the old set or the new one, never a mix.
import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';

export interface ProjectedFile {
  readonly content: Uint8Array;
  readonly mode: number;
  /** Owner of this one file, where it is not the volume's. */
  readonly uid?: number;
}

/** Relative path to file; paths are checked before anything is written. */
export type ProjectedFiles = ReadonlyMap<string, ProjectedFile>;

const dataLink = '..data';

/**
 * Makes `directory` show exactly `files`: they go into a new `..<time>` directory that `..data`
 * then points to, and each top-level name is a link through `..data`. Gives whether anything
 * changed. @param gid group of all files; adds group read as fsGroup does
 */
export async function writeAtomically(
  directory: string,
  files: ProjectedFiles,
  nowMs: number,
  gid?: number,
): Promise<boolean> {
  for (const name of files.keys()) checkPath(name);
  const dataPath = path.join(directory, dataLink);
  const old = await readlink(dataPath).catch(() => undefined);
  if (old !== undefined && (await isSame(path.join(directory, old), files))) return false;
  const stamp = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '_');
  const fresh = `..${stamp.replace('T', '_')}.${randomBytes(5).readUIntBE(0, 5)}`;
  const target = path.join(directory, fresh);
  await mkdir(target);
  await chmod(target, 0o755);
  for (const [name, file] of files) await writeOne(path.join(target, name), file, gid);
  const temporary = path.join(directory, '..data_tmp');
  await rm(temporary, { force: true });
  await symlink(fresh, temporary);
  await rename(temporary, dataPath);
  await linkNames(directory, files);
  if (old !== undefined) await rm(path.join(directory, old), { recursive: true, force: true });
  return true;
}

async function writeOne(file: string, { content, mode, uid }: ProjectedFile, gid?: number) {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
  await writeFile(file, content);
  const groupBits = gid === undefined ? 0 : 0o040 | (mode & 0o100 ? 0o010 : 0);
  await chmod(file, mode | groupBits);
  if (uid !== undefined || gid !== undefined) await chown(file, uid ?? 0, gid ?? 0);
}

async function linkNames(directory: string, files: ProjectedFiles): Promise<void> {
  const wanted = new Set([...files.keys()].map((name) => name.split('/')[0] ?? ''));
  const present = new Set(await readdir(directory));
  for (const name of wanted) {
    if (!present.has(name)) await symlink(path.join(dataLink, name), path.join(directory, name));
  }
  for (const name of present) {
    if (name.startsWith('..') || wanted.has(name)) continue;
    await rm(path.join(directory, name), { force: true, recursive: true });
  }
}

function checkPath(name: string): void {
  if (name === '') throw new Error('invalid path: must not be empty');
  if (path.isAbsolute(name)) throw new Error(`invalid path: must be relative path: ${name}`);
  if (name.split('/').includes('..'))
    throw new Error(`invalid path: must not contain '..': ${name}`);
  if (name.startsWith('..')) throw new Error(`invalid path: must not start with '..': ${name}`);
}

async function isSame(directory: string, files: ProjectedFiles): Promise<boolean> {
  try {
    const names = await readdir(directory, { recursive: true });
    let count = 0;
    for (const name of names) {
      if ((await lstat(path.join(directory, name))).isFile()) count++;
    }
    if (count !== files.size) return false;
    for (const [name, { content }] of files) {
      const present = await readFile(path.join(directory, name));
      if (Buffer.compare(present, content) !== 0) return false;
    }
    return true;
  } catch {
    return false;
  }
}
