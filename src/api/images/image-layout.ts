// Images of an OCI image layout within an archive: everything named is there and has its digest.
import { ArchiveError, type ArchiveFiles } from './archive.ts';
import { type Descriptor, manifestBytesMax, parseManifest } from './manifest.ts';
import { digestPattern, type ImageReference, parseReference } from './reference.ts';
import type { StoredImage } from './store.ts';

/** Full names by containerd and docker; OCI's own is often only a tag. */
const fullNameAnnotation = 'io.containerd.image.name';
const nameAnnotation = 'org.opencontainers.image.ref.name';

/**
 * The named images; undefined when the archive is no layout or names its images elsewhere.
 *
 * @throws ArchiveError
 */
export async function layoutImages(
  files: ArchiveFiles,
): Promise<readonly StoredImage[] | undefined> {
  const bytes = await files.read('index.json');
  if (bytes === undefined) return undefined;
  const index = parseManifest(bytes);
  if (index === undefined) throw unusable('its index.json is no OCI index');
  const images: StoredImage[] = [];
  for (const descriptor of index.manifests) {
    const name = nameOf(descriptor);
    if (name === undefined) continue;
    const mediaType = await checkManifest(files, descriptor);
    if (mediaType === undefined) throw unusable(`it lacks ${descriptor.digest}`);
    images.push({ ...name, digest: descriptor.digest, mediaType, sizeBytes: descriptor.size });
  }
  // Newer `docker save` writes a layout that may leave the names to its manifest.json.
  return images.length === 0 && files.find('manifest.json') !== undefined ? undefined : images;
}

function nameOf({ annotations }: Descriptor): ImageReference | undefined {
  const full = annotations?.[fullNameAnnotation];
  if (full !== undefined) return parseReference(full);
  const name = annotations?.[nameAnnotation] ?? '';
  return /[:/]/.test(name) ? parseReference(name) : undefined;
}

/**
 * Checks a manifest or index and all below it.
 *
 * @returns its media type; undefined when it is not in the archive
 * @throws ArchiveError when a part is missing or has another digest or size
 */
async function checkManifest(
  files: ArchiveFiles,
  descriptor: Descriptor,
): Promise<string | undefined> {
  if (!(await checkBlob(files, descriptor))) return undefined;
  if (descriptor.size > manifestBytesMax) throw unusable(`${descriptor.digest} is too large`);
  const manifest = parseManifest(await files.staged.read(descriptor.digest));
  if (manifest === undefined) throw unusable(`${descriptor.digest} is no manifest`);
  for (const blob of manifest.blobs) {
    if (!(await checkBlob(files, blob))) throw unusable(`it lacks ${blob.digest}`);
  }
  // Saving for one platform keeps the index of all; one image must be there.
  let present = manifest.manifests.length === 0;
  for (const child of manifest.manifests) {
    present = (await checkManifest(files, child)) !== undefined || present;
  }
  if (!present) throw unusable(`it has none of the images of ${descriptor.digest}`);
  return manifest.mediaType;
}

async function checkBlob(files: ArchiveFiles, { digest, size }: Descriptor): Promise<boolean> {
  if (!digestPattern.test(digest)) throw unusable(`${digest} is no sha256 digest`);
  const file = files.find(`blobs/sha256/${digest.slice('sha256:'.length)}`);
  if (file === undefined) return false;
  if (file.digest !== digest) throw unusable(`the content of ${digest} has another digest`);
  if (file.sizeBytes !== size) throw unusable(`the content of ${digest} has another size`);
  return true;
}

function unusable(why: string): ArchiveError {
  return new ArchiveError(`the archive cannot be loaded: ${why}`);
}
