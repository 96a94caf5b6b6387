// Images of a `docker save` archive, given OCI manifests: config and layers stay as they are.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { ArchiveError, type ArchiveFiles, isGzip, isZstd } from './archive.ts';
import type { BlobInfo } from './blobs.ts';
import { type Descriptor, isObject, mediaTypes, parseJson, parseObject } from './manifest.ts';
import { type ImageReference, parseReference } from './reference.ts';
import type { StoredImage } from './store.ts';

interface SavedImage {
  readonly config: string;
  readonly layers: readonly string[];
  readonly names: readonly ImageReference[];
}

/**
 * The named images; undefined when the archive has no manifest.json.
 *
 * @throws ArchiveError
 */
export async function dockerImages(
  files: ArchiveFiles,
): Promise<readonly StoredImage[] | undefined> {
  const bytes = await files.read('manifest.json');
  if (bytes === undefined) return undefined;
  const list = parseJson(bytes);
  if (!Array.isArray(list)) throw unusable('its manifest.json is no list');
  const images: StoredImage[] = [];
  for (const value of list) {
    const saved = savedImage(value);
    if (saved.names.length === 0) continue;
    const manifest = await writeManifest(files, saved);
    for (const name of saved.names) {
      images.push({ ...name, ...manifest, mediaType: mediaTypes.manifest });
    }
  }
  return images;
}

function savedImage(value: unknown): SavedImage {
  const { Config: config, Layers: layers, RepoTags: tags } = isObject(value) ? value : {};
  if (typeof config !== 'string' || !isStrings(layers) || !(tags == null || isStrings(tags))) {
    throw unusable('its manifest.json does not describe an image');
  }
  const names = (tags ?? []).map((tag) => {
    const name = parseReference(tag);
    if (name === undefined) throw unusable(`${JSON.stringify(tag)} is no image name`);
    return name;
  });
  return { config, layers, names };
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

async function writeManifest(files: ArchiveFiles, saved: SavedImage): Promise<BlobInfo> {
  const configBytes = await files.read(saved.config);
  const config = files.find(saved.config);
  if (configBytes === undefined || config === undefined) throw unusable(`it lacks ${saved.config}`);
  const diffIds = diffIdsOf(configBytes);
  if (diffIds === undefined) throw unusable(`${saved.config} is no image configuration`);
  if (diffIds.length !== saved.layers.length) {
    throw unusable(`${saved.config} does not have the layers that manifest.json names`);
  }
  const layers: Descriptor[] = [];
  for (const [index, path] of saved.layers.entries()) {
    const layer = files.find(path);
    if (layer === undefined) throw unusable(`it lacks ${path}`);
    layers.push(await layerOf(files, path, layer, diffIds[index] ?? ''));
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: config.digest, size: config.sizeBytes },
    layers,
  };
  return await files.staged.writeBytes(Buffer.from(JSON.stringify(manifest)));
}

function diffIdsOf(config: Uint8Array): readonly string[] | undefined {
  const { rootfs } = parseObject(config) ?? {};
  const ids = isObject(rootfs) ? rootfs.diff_ids : undefined;
  return isStrings(ids) ? ids : undefined;
}

/** Docker names layers by the digest of their content before any compression. */
async function layerOf(
  files: ArchiveFiles,
  path: string,
  { digest, sizeBytes }: BlobInfo,
  diffId: string,
): Promise<Descriptor> {
  const start = await files.staged.readStart(digest, 4);
  const zipped = isGzip(start) ? 'gzip' : start.length === 4 && isZstd(start) ? 'zstd' : undefined;
  const content =
    zipped === undefined ? digest : await contentDigest(files.staged.path(digest), zipped);
  if (content !== diffId) throw unusable(`the content of ${path} has another digest`);
  const mediaType =
    zipped === undefined
      ? mediaTypes.layer
      : { gzip: mediaTypes.gzipLayer, zstd: mediaTypes.zstdLayer }[zipped];
  return { mediaType, digest, size: sizeBytes };
}

async function contentDigest(file: string, zipped: 'gzip' | 'zstd'): Promise<string> {
  const hash = createHash('sha256');
  const unzip = zipped === 'gzip' ? createGunzip() : createZstdDecompress();
  const input = createReadStream(file);
  input.once('error', (error) => unzip.destroy(error));
  try {
    for await (const chunk of input.pipe(unzip)) hash.update(chunk as Uint8Array);
  } catch (error) {
    throw new ArchiveError('the archive cannot be loaded: the compression of a layer is broken', {
      cause: error,
    });
  }
  return `sha256:${hash.digest('hex')}`;
}

function unusable(why: string): ArchiveError {
  return new ArchiveError(`the archive cannot be loaded: ${why}`);
}
