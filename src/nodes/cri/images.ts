// Images through CRI's ImageService.
import {
  type Image,
  type PullCredentials,
  RuntimeCallError,
  RuntimeNotFoundError,
} from '../runtime.ts';
import type { CriConnection } from './connection.ts';
import type { CriFilesystemUsage, CriImage } from './messages.ts';

/** A slow registry is given this long before the pull counts as failed. */
const pullTimeoutMs = 10 * 60_000;

function toImage(image: CriImage): Image {
  return {
    id: image.id,
    tags: image.repo_tags,
    digests: image.repo_digests,
    sizeBytes: image.size,
    ...(image.uid === null ? {} : { uid: image.uid.value }),
    ...(image.username === '' ? {} : { username: image.username }),
    pinned: image.pinned,
  };
}

export async function imageStatus(
  connection: CriConnection,
  reference: string,
): Promise<Image | undefined> {
  const { image } = await connection.image<{ image: CriImage | null }>('ImageStatus', {
    image: { image: reference },
  });
  return image === null ? undefined : toImage(image);
}

/** @throws RuntimeCallError with the registry's reason */
export async function pullImage(
  connection: CriConnection,
  reference: string,
  credentials: PullCredentials | undefined,
): Promise<string> {
  const request = { image: { image: reference }, ...(credentials && { auth: credentials }) };
  try {
    const answer = await connection.image<{ image_ref: string }>('PullImage', request, {
      timeoutMs: pullTimeoutMs,
    });
    return answer.image_ref;
  } catch (error) {
    // "Not found" here is the registry's word about the image, not ours about a container.
    if (!(error instanceof RuntimeNotFoundError)) throw error;
    throw new RuntimeCallError(error.message, 'NotFound', { cause: error });
  }
}

export async function listImages(connection: CriConnection): Promise<readonly Image[]> {
  const { images } = await connection.image<{ images: CriImage[] }>('ListImages', {});
  return images.map(toImage);
}

export async function removeImage(connection: CriConnection, reference: string): Promise<void> {
  await connection.image('RemoveImage', { image: { image: reference } });
}

export async function imageFilesystem(
  connection: CriConnection,
): Promise<{ usedBytes: number; usedInodes: number; mountpoint: string }> {
  const answer = await connection.image<{ image_filesystems: CriFilesystemUsage[] }>(
    'ImageFsInfo',
    {},
  );
  const [usage] = answer.image_filesystems;
  return {
    usedBytes: usage?.used_bytes?.value ?? 0,
    usedInodes: usage?.inodes_used?.value ?? 0,
    mountpoint: usage?.fs_id?.mountpoint ?? '/',
  };
}
