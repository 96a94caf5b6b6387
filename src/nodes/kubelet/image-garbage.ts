// Removes unused images, the longest unused first, when the disk that holds them fills up.
import { statfs } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import { describeError, type Logger } from '../../logger.ts';
import type { Image, Runtime } from '../runtime.ts';
import type { KubeletEvents } from './events.ts';

/** The kubelet's defaults: imageGCHighThresholdPercent, imageGCLowThresholdPercent, imageMinimumGCAge. */
const highPercent = 85;
const lowPercent = 80;
const ageMinMs = 2 * 60_000;
const periodMs = 5 * 60_000;

export interface DiskUsage {
  readonly capacityBytes: number;
  readonly availableBytes: number;
}

export interface ImageGarbageOptions {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: KubeletEvents;
  /** What containers were made from, dead ones too: digest references or image ids. */
  readonly imagesInUse: () => ReadonlySet<string>;
  /** Default: of the file system that the runtime names. */
  readonly diskUsage?: (mountpoint: string) => Promise<DiskUsage>;
}

interface Seen {
  readonly firstSeenMs: number;
  lastUsedMs: number;
}

/** The image collector of one node; `collect` may be called as often as one likes. */
export class ImageGarbage {
  readonly #options: ImageGarbageOptions;
  /** By image id, only of images that are present. */
  readonly #seen = new Map<string, Seen>();
  #collectedMs: number;

  constructor(options: ImageGarbageOptions) {
    this.#options = options;
    this.#collectedMs = options.clock.nowMs();
  }

  /** Looks once in five minutes. Never throws: what fails is logged and tried again. */
  async collect(): Promise<void> {
    const { clock, logger } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs - this.#collectedMs < periodMs) return;
    this.#collectedMs = nowMs;
    try {
      await this.#collect(nowMs);
    } catch (error) {
      logger.warn('cannot collect unused images', { error: describeError(error) });
    }
  }

  async #collect(nowMs: number): Promise<void> {
    const { runtime, events, logger, diskUsage = usageOf } = this.#options;
    const unused = this.#unused(await runtime.listImages(), nowMs);
    const { mountpoint } = await runtime.imageFilesystem();
    const { capacityBytes, availableBytes } = await diskUsage(mountpoint);
    if (capacityBytes === 0) {
      events.node('Warning', 'InvalidDiskCapacity', 'invalid capacity 0 on image filesystem');
      return;
    }
    const usedPercent = 100 - Math.floor((availableBytes * 100) / capacityBytes);
    if (usedPercent < highPercent) return;
    const wantedBytes = Math.floor((capacityBytes * (100 - lowPercent)) / 100) - availableBytes;
    let freedBytes = 0;
    for (const image of unused) {
      if (freedBytes >= wantedBytes) return;
      logger.info('removing an unused image', { image: image.tags[0] ?? image.id });
      await runtime.removeImage(image.id);
      this.#seen.delete(image.id);
      freedBytes += image.sizeBytes;
    }
    if (freedBytes >= wantedBytes) return;
    const message =
      `Insufficient free disk space on the node's image filesystem (${usedPercent}% of ` +
      `${formatSize(capacityBytes)} used). Failed to free sufficient space by deleting unused ` +
      `images (freed ${freedBytes} bytes). Investigate disk usage, as it could be used by active ` +
      'images, logs, volumes, or other data.';
    events.node('Warning', 'FreeDiskSpaceFailed', message);
  }

  /** What may go, the longest unused first; of equals the oldest. */
  #unused(images: readonly Image[], nowMs: number): readonly Image[] {
    const inUse = this.#options.imagesInUse();
    const present = new Set(images.map(({ id }) => id));
    for (const id of this.#seen.keys()) if (!present.has(id)) this.#seen.delete(id);
    const candidates: { image: Image; seen: Seen }[] = [];
    for (const image of images) {
      const seen = this.#seen.get(image.id) ?? { firstSeenMs: nowMs, lastUsedMs: 0 };
      this.#seen.set(image.id, seen);
      if (inUse.has(image.id) || image.digests.some((digest) => inUse.has(digest))) {
        seen.lastUsedMs = nowMs;
      } else if (!isPinned(image) && nowMs - seen.firstSeenMs >= ageMinMs) {
        candidates.push({ image, seen });
      }
    }
    return candidates
      .sort(
        (a, b) => a.seen.lastUsedMs - b.seen.lastUsedMs || a.seen.firstSeenMs - b.seen.firstSeenMs,
      )
      .map(({ image }) => image);
  }
}

/** Older runtimes do not mark the sandbox image, which no container is made from. */
function isPinned({ pinned, tags }: Image): boolean {
  return pinned || tags.some((tag) => /\/pause:[^/]*$/.test(tag));
}

async function usageOf(mountpoint: string): Promise<DiskUsage> {
  const { blocks, bavail, bsize } = await statfs(mountpoint);
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize };
}

function formatSize(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let unit = 'B';
  for (const larger of units) {
    if (size < 1024) break;
    size /= 1024;
    unit = larger;
  }
  return unit === 'B' ? `${bytes} B` : `${size.toFixed(1)} ${unit}`;
}
