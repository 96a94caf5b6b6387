// The server's images: blobs and the names of manifests, kept on disk as an OCI image layout.
import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobStore, type StagedBlobs } from './blobs.ts';
import {
  type Descriptor,
  type Manifest,
  manifestBytesMax,
  mediaTypes,
  parseManifest,
} from './manifest.ts';
import {
  digestPattern,
  formatReference,
  type ImageReference,
  parseReference,
} from './reference.ts';

/** A name and what it stands for. */
export interface StoredImage extends ImageReference {
  readonly digest: string;
  readonly mediaType: string;
  /** Of the manifest, as descriptors say it. */
  readonly sizeBytes: number;
}

/** Manifests that lost their name stay for pods that run them by digest; the oldest go first. */
const replacedMax = 64;

const nameAnnotation = 'io.containerd.image.name';

/**
 * Loads are committed one at a time, each wholly or not at all; reads never wait. One process may
 * have a folder open.
 */
export class ImageStore {
  readonly blobs: BlobStore;
  readonly #directory: string;
  readonly #images = new Map<string, StoredImage>();
  /** Manifests without a name, oldest first. */
  #replaced: Descriptor[] = [];
  #commits: Promise<unknown> = Promise.resolve();

  private constructor(directory: string, blobs: BlobStore) {
    this.#directory = directory;
    this.blobs = blobs;
  }

  /** @param directory made when it is not there; `<data-dir>/images` of a server */
  static async open(directory: string): Promise<ImageStore> {
    const store = new ImageStore(directory, await BlobStore.open(directory));
    await store.#readIndex();
    return store;
  }

  /** All named images, by name. */
  list(): readonly StoredImage[] {
    return [...this.#images.values()].sort((a, b) =>
      formatReference(a) < formatReference(b) ? -1 : 1,
    );
  }

  find(reference: ImageReference): StoredImage | undefined {
    return this.#images.get(formatReference(reference));
  }

  /** The manifest with that digest; undefined when it is not here or is no manifest. */
  async manifest(digest: string): Promise<Manifest | undefined> {
    const sizeBytes = await this.blobs.sizeOf(digest);
    if (sizeBytes === undefined || sizeBytes > manifestBytesMax) return undefined;
    return parseManifest(await this.blobs.read(digest));
  }

  /** Takes the staged blobs that `images` need and names them; forgets what nothing names. */
  async commit(staged: StagedBlobs, images: readonly StoredImage[]): Promise<void> {
    const commit = this.#commits.then(() => this.#commit(staged, images));
    this.#commits = commit.catch(() => undefined);
    await commit;
  }

  async #commit(staged: StagedBlobs, images: readonly StoredImage[]): Promise<void> {
    const needed = new Set<string>();
    const read = async (digest: string) =>
      staged.has(digest) ? staged.read(digest) : await this.blobs.read(digest);
    for (const { digest } of images) await collect(digest, read, needed);
    await this.blobs.adopt(staged, needed);
    for (const image of images) {
      const old = this.#images.get(formatReference(image));
      if (old !== undefined && old.digest !== image.digest) {
        this.#replaced.push(descriptorOf(old));
      }
      this.#images.set(formatReference(image), image);
    }
    this.#replaced = this.#replaced.slice(-replacedMax);
    await this.#writeIndex();
    await this.#sweep();
  }

  async #sweep(): Promise<void> {
    const keep = new Set<string>();
    const read = (digest: string) => this.blobs.read(digest);
    for (const { digest } of [...this.#images.values(), ...this.#replaced]) {
      await collect(digest, read, keep);
    }
    await this.blobs.sweep(keep);
  }

  async #readIndex(): Promise<void> {
    let bytes: Buffer;
    try {
      bytes = await readFile(join(this.#directory, 'index.json'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    for (const descriptor of parseManifest(bytes)?.manifests ?? []) {
      const { annotations, digest, mediaType, size } = descriptor;
      const name = parseReference(annotations?.[nameAnnotation] ?? '');
      if (name === undefined) this.#replaced.push(descriptor);
      else this.#images.set(formatReference(name), { ...name, digest, mediaType, sizeBytes: size });
    }
  }

  async #writeIndex(): Promise<void> {
    const manifests = [
      ...this.#replaced,
      ...this.list().map((image) => ({
        ...descriptorOf(image),
        annotations: { [nameAnnotation]: formatReference(image) },
      })),
    ];
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
    const path = (name: string) => join(this.#directory, name);
    await writeFile(path('oci-layout'), '{"imageLayoutVersion":"1.0.0"}\n', { mode: 0o600 });
    const draft = await open(path('index.json.new'), 'w', 0o600);
    try {
      await draft.writeFile(`${JSON.stringify(index, undefined, 2)}\n`);
      await draft.sync();
    } finally {
      await draft.close();
    }
    await rename(path('index.json.new'), path('index.json'));
    const folder = await open(this.#directory);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

function descriptorOf({ digest, mediaType, sizeBytes }: StoredImage): Descriptor {
  return { mediaType, digest, size: sizeBytes };
}

/** Adds `digest` and all that it names to `into`; what is not there is none of an image's needs. */
async function collect(
  digest: string,
  read: (digest: string) => Promise<Buffer>,
  into: Set<string>,
): Promise<void> {
  if (into.has(digest) || !digestPattern.test(digest)) return;
  into.add(digest);
  let manifest: Manifest | undefined;
  try {
    manifest = parseManifest(await read(digest));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  for (const each of manifest?.manifests ?? []) await collect(each.digest, read, into);
  for (const each of manifest?.blobs ?? []) into.add(each.digest);
}
