// Keeps container logs within bounds: rotated at 10 MiB, five files, older ones compressed.
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { KubeletContext } from './context.ts';

const logBytesMax = 10 * 1024 * 1024;
const logFilesMax = 5;

/** Rotates the log of every running container that has grown too large. */
export async function rotateLogs(context: KubeletContext): Promise<void> {
  const { cache, runtime, clock, logger } = context;
  if (context.config.paths === undefined) return;
  for (const uid of cache.uids()) {
    for (const { id, state, logPath } of cache.get(uid).containers) {
      if (state !== 'running' || logPath === '') continue;
      const size = await stat(logPath).then(
        (found) => found.size,
        () => 0,
      );
      if (size < logBytesMax) continue;
      try {
        await rotate(logPath, clock.nowMs(), () => runtime.reopenLog(id));
      } catch (error) {
        logger.warn('cannot rotate a log', { logPath, error: String(error) });
      }
    }
  }
}

/** `0.log` becomes `0.log.<time>`; the one before it is compressed; the oldest go. */
export async function rotate(
  logPath: string,
  nowMs: number,
  reopen: () => Promise<void>,
): Promise<void> {
  const directory = path.dirname(logPath);
  const base = path.basename(logPath);
  const old = (await readdir(directory))
    .filter((name) => name.startsWith(`${base}.`) && !name.endsWith('.tmp'))
    .sort();
  // The live file and the one just rotated count as two of the files kept.
  for (const name of old.splice(0, Math.max(0, old.length - (logFilesMax - 2)))) {
    await rm(path.join(directory, name), { force: true });
  }
  for (const name of old) {
    if (!name.endsWith('.gz')) await compress(path.join(directory, name));
  }
  const stamp = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '');
  const rotated = `${logPath}.${stamp.slice(0, 8)}-${stamp.slice(8)}`;
  await rename(logPath, rotated);
  try {
    await reopen();
  } catch (error) {
    await rename(rotated, logPath);
    throw error;
  }
}

async function compress(file: string): Promise<void> {
  const temporary = `${file}.tmp`;
  await pipeline(createReadStream(file), createGzip(), createWriteStream(temporary));
  await rename(temporary, `${file}.gz`);
  await rm(file);
}
