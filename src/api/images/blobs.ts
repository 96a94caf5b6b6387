// Content-addressed files on disk: written aside while they are hashed, then renamed into place.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digestPattern } from './reference.ts';

export interface BlobInfo {
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Blobs below `<directory>/blobs/sha256`, as an OCI image layout has them. */
export class BlobStore {
  readonly #directory: string;
  readonly #staging: string;

  private constructor(directory: string) {
    this.#directory = join(directory, 'blobs', 'sha256');
    this.#staging = join(directory, 'staging');
  }

  /** Makes the folders; what an interrupted load left behind goes. */
  static async open(directory: string): Promise<BlobStore> {
    const store = new BlobStore(directory);
    await rm(store.#staging, { recursive: true, force: true });
    await mkdir(store.#staging, { recursive: true, mode: 0o700 });
    await mkdir(store.#directory, { recursive: true, mode: 0o700 });
    return store;
  }

  /** The blob's size; undefined when it is not here. */
  async sizeOf(digest: string): Promise<number | undefined> {
    try {
      return (await stat(this.#path(digest))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Bytes `start` to `end`, both included; all of them by default. */
  stream(digest: string, range: { start?: number; end?: number } = {}): AsyncIterable<Uint8Array> {
    return createReadStream(this.#path(digest), { ...range, highWaterMark: 256 * 1024 });
  }

  /** All of a small blob. */
  read(digest: string): Promise<Buffer> {
    return readFile(this.#path(digest));
  }

  /** A place for blobs that are not yet part of the store. */
  async stage(): Promise<StagedBlobs> {
    return new StagedBlobs(await mkdtemp(join(this.#staging, 'load-')));
  }

  /** Moves `digests` here; on return they survive a crash. */
  async adopt(staged: StagedBlobs, digests: Iterable<string>): Promise<void> {
    for (const digest of digests) {
      if (staged.has(digest)) await rename(staged.path(digest), this.#path(digest));
    }
    const folder = await open(this.#directory);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  /** Removes every blob that `keep` does not name; open reads of them go on. */
  async sweep(keep: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      if (!keep.has(`sha256:${name}`)) await rm(join(this.#directory, name), { force: true });
    }
  }

  #path(digest: string): string {
    if (!digestPattern.test(digest)) throw new Error(`not a digest: ${digest}`);
    return join(this.#directory, digest.slice('sha256:'.length));
  }
}

/** Blobs of one load; they vanish with `discard` unless the store has adopted them. */
export class StagedBlobs {
  readonly #directory: string;
  readonly #sizes = new Map<string, number>();
  #count = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Writes `content` through to the disk, piece by piece. */
  async write(content: AsyncIterable<Uint8Array>): Promise<BlobInfo> {
    const draft = join(this.#directory, `draft-${this.#count++}`);
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const file = await open(draft, 'wx', 0o600);
    try {
      for await (const chunk of content) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        await file.writeFile(chunk);
      }
      await file.datasync();
    } finally {
      await file.close();
    }
    const digest = `sha256:${hash.digest('hex')}`;
    await rename(draft, this.path(digest));
    this.#sizes.set(digest, sizeBytes);
    return { digest, sizeBytes };
  }

  async writeBytes(content: Uint8Array): Promise<BlobInfo> {
    return await this.write(once(content));
  }

  has(digest: string): boolean {
    return this.#sizes.has(digest);
  }

  /** Size of a staged blob; undefined when it is not among them. */
  sizeOf(digest: string): number | undefined {
    return this.#sizes.get(digest);
  }

  read(digest: string): Promise<Buffer> {
    return readFile(this.path(digest));
  }

  /** The first `length` bytes, to tell formats apart. */
  async readStart(digest: string, length: number): Promise<Buffer> {
    const file = await open(this.path(digest));
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  path(digest: string): string {
    return join(this.#directory, digest.slice('sha256:'.length));
  }

  async discard(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}
