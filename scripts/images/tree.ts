// A folder as an image layer: sorted, owned by root, without times, so that equal content is equal bytes.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { tarEnd, tarHeader, tarPadding } from '../../src/api/images/tar-writer.ts';
import type { ExtraFile } from './definitions.ts';

/** Puts `files` below `root`, over what is there. */
export function addFiles(root: string, files: readonly ExtraFile[]): void {
  for (const { path, content, link, mode } of files) {
    const target = join(root, path);
    if (content === undefined && link === undefined) {
      mkdirSync(target, { recursive: true });
      chmodSync(target, mode ?? 0o755);
      continue;
    }
    mkdirSync(dirname(target), { recursive: true });
    rmSync(target, { force: true });
    if (link !== undefined) symlinkSync(link, target);
    else {
      writeFileSync(target, content ?? '');
      chmodSync(target, mode ?? 0o644);
    }
  }
}

/** Removes what `strip` matches; paths are relative and have no leading slash. */
export function stripFiles(root: string, strip: RegExp, folder = ''): void {
  for (const { name } of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? name : `${folder}/${name}`;
    if (strip.test(path)) rmSync(join(root, path), { recursive: true, force: true });
    else if (lstatSync(join(root, path)).isDirectory()) stripFiles(root, strip, path);
  }
}

/** One link to busybox for each of its programs that no package brings. */
export function linkApplets(root: string, applets: readonly string[]): void {
  const folders = ['bin', 'sbin', 'usr/bin', 'usr/sbin'];
  for (const name of applets) {
    const taken = folders.some((folder) => exists(join(root, folder, name)));
    if (!taken) symlinkSync('busybox', join(root, 'bin', name));
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Writes the tree below `root` to `file` and gives its digest. Special files are left out. */
export function writeLayer(root: string, file: string): { digest: string; sizeBytes: number } {
  const hash = createHash('sha256');
  const output = openSync(file, 'w');
  let sizeBytes = 0;
  const write = (bytes: Uint8Array) => {
    hash.update(bytes);
    writeSync(output, bytes);
    sizeBytes += bytes.length;
  };
  const visit = (folder: string) => {
    for (const name of readdirSync(join(root, folder)).sort()) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const stats = lstatSync(join(root, path));
      const mode = stats.mode & 0o7777;
      if (stats.isDirectory()) {
        write(tarHeader({ path: `${path}/`, type: 'directory', mode }));
        visit(path);
      } else if (stats.isSymbolicLink()) {
        const linkTarget = readlinkSync(join(root, path));
        write(tarHeader({ path, type: 'symlink', mode: 0o777, linkTarget }));
      } else if (stats.isFile()) {
        const content = readFileSync(join(root, path));
        write(tarHeader({ path, type: 'file', mode, sizeBytes: content.length }));
        write(content);
        write(tarPadding(content.length));
      }
    }
  };
  visit('');
  write(tarEnd);
  closeSync(output);
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes };
}

/** An archive in the form of an OCI image layout, from files already on disk and small ones. */
export function writeArchive(
  file: string,
  entries: readonly { readonly path: string; readonly from?: string; readonly content?: string }[],
): void {
  const folder = `${file}.tree`;
  rmSync(folder, { recursive: true, force: true });
  for (const { path, from, content } of entries) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    if (from === undefined) writeFileSync(join(folder, path), content ?? '');
    else copyFileSync(from, join(folder, path));
    chmodSync(join(folder, path), 0o644);
  }
  writeLayer(folder, file);
  rmSync(folder, { recursive: true });
}
