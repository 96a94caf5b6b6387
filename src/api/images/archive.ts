// Takes images from an archive: an OCI image layout or `docker save`'s own, plain or compressed.
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { BlobInfo, StagedBlobs } from './blobs.ts';
import { dockerImages } from './docker-archive.ts';
import { layoutImages } from './image-layout.ts';
import { manifestBytesMax } from './manifest.ts';
import { formatReference } from './reference.ts';
import type { ImageStore, StoredImage } from './store.ts';
import { readTar, TarError } from './tar-reader.ts';

/** The archive holds no image that can be used; the message is one sentence for the user. */
export class ArchiveError extends Error {}

/** What an archive may hold; real ones have some dozens of entries. */
export const archiveLimits: { readonly entriesMax: number; readonly bytesMax: number } = {
  entriesMax: 10_000,
  bytesMax: 64 * 1024 ** 3,
};

/** The files of an archive, their contents staged. */
export interface ArchiveFiles {
  readonly staged: StagedBlobs;
  /** The file at `path`, through links; undefined when there is none. */
  find(path: string): BlobInfo | undefined;
  /** A small file's content; undefined when there is none. */
  read(path: string): Promise<Buffer | undefined>;
}

/**
 * Adds the images of the archive `source` to `store` and gives their full names. Contents go
 * straight to the disk. When it fails nothing is kept.
 *
 * @throws ArchiveError
 */
export async function loadArchive(
  store: ImageStore,
  source: AsyncIterable<Uint8Array>,
): Promise<readonly string[]> {
  const staged = await store.blobs.stage();
  try {
    const files = await stageFiles(staged, source);
    const images = await imagesOf(files);
    await store.commit(staged, images);
    return images.map(formatReference);
  } finally {
    await staged.discard();
  }
}

async function imagesOf(files: ArchiveFiles): Promise<readonly StoredImage[]> {
  const images =
    (await layoutImages(files)) ?? (await dockerImages(files)) ?? noImage('it holds no image');
  // The same name twice: the last one counts, as with `docker load`.
  const byName = new Map(images.map((image) => [formatReference(image), image]));
  if (byName.size === 0) noImage('its images have no names; save them with a name and a tag');
  return [...byName.values()];
}

function noImage(why: string): never {
  throw new ArchiveError(`the archive cannot be loaded: ${why}`);
}

async function stageFiles(
  staged: StagedBlobs,
  source: AsyncIterable<Uint8Array>,
): Promise<ArchiveFiles> {
  const files = new Map<string, BlobInfo>();
  const links = new Map<string, string>();
  let entries = 0;
  let bytes = 0;
  try {
    for await (const entry of readTar(decompressed(source))) {
      entries += 1;
      bytes += entry.sizeBytes;
      if (entries > archiveLimits.entriesMax) noImage('it has too many entries for images');
      if (bytes > archiveLimits.bytesMax) noImage('it is too large');
      if (entry.type === 'file') files.set(entry.path, await staged.write(entry.body));
      else if (entry.type === 'link') links.set(entry.path, joined('', entry.linkTarget));
      else if (entry.type === 'symlink') {
        const folder = entry.path.slice(0, entry.path.lastIndexOf('/') + 1);
        links.set(entry.path, joined(folder, entry.linkTarget));
      }
    }
  } catch (error) {
    if (error instanceof TarError) {
      throw new ArchiveError(`the archive cannot be loaded: ${error.message}`, { cause: error });
    }
    throw error;
  }
  // Old `docker save` writes a layer once and links it from the other images.
  const find = (path: string) => files.get(path) ?? files.get(links.get(path) ?? '');
  return {
    staged,
    find,
    async read(path) {
      const file = find(path);
      if (file === undefined) return undefined;
      if (file.sizeBytes > manifestBytesMax) noImage(`its ${path} is too large`);
      return await staged.read(file.digest);
    },
  };
}

/** `target` as seen from `folder`, `..` resolved within the archive. */
function joined(folder: string, target: string): string {
  return new URL(target, `tar:/${folder}`).pathname.slice(1);
}

type Decompression = typeof createGunzip | typeof createZstdDecompress;

/** By its first bytes: gzip, zstd or plain. */
async function* decompressed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  let start: Buffer = Buffer.alloc(0);
  while (start.length < 4) {
    const { done, value } = await chunks.next();
    if (done === true) break;
    start = Buffer.concat([start, value]);
  }
  if (start.length === 0) throw new TarError('it is empty');
  const whole = restart(start, chunks);
  const create = decompressionOf(start);
  if (create === undefined) yield* whole;
  else yield* decompress(whole, create);
}

function decompressionOf(start: Buffer): Decompression | undefined {
  if (isGzip(start)) return createGunzip;
  return isZstd(start) ? createZstdDecompress : undefined;
}

export function isGzip(start: Uint8Array): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

export function isZstd(start: Uint8Array): boolean {
  return Buffer.from(start).readUInt32LE() === 0xfd2fb528;
}

async function* decompress(
  source: AsyncIterable<Uint8Array>,
  create: Decompression,
): AsyncGenerator<Uint8Array> {
  const input = Readable.from(source, { objectMode: false });
  const output = create();
  // A failure of the source must not read as the end of the archive.
  input.once('error', (error) => output.destroy(error));
  try {
    yield* input.pipe(output);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!/^Z_|^ZSTD_/.test(code)) throw error;
    throw new TarError('its compression is broken', { cause: error });
  } finally {
    input.destroy();
    output.destroy();
  }
}

async function* restart(
  start: Buffer,
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield start;
  for (;;) {
    const { done, value } = await chunks.next();
    if (done === true) return;
    yield value;
  }
}
