// The sandbox image `coracle.local/pause:1`, made here: the same bytes wherever and whenever.
import { mediaTypes } from './manifest.ts';
import { type PauseArchitecture, pauseElf } from './pause-elf.ts';
import type { ImageStore } from './store.ts';
import { tarOf } from './tar-writer.ts';

const architectures: readonly PauseArchitecture[] = ['amd64', 'arm64'];
const name = { repository: 'coracle.local/pause', tag: '1' };

/** Puts the sandbox image into `store` unless it is there. */
export async function addPauseImage(store: ImageStore): Promise<void> {
  const staged = await store.blobs.stage();
  const write = async (mediaType: string, content: Uint8Array | object) => {
    const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
    const { digest, sizeBytes } = await staged.writeBytes(bytes);
    return { mediaType, digest, size: sizeBytes };
  };
  try {
    const manifests: object[] = [];
    for (const architecture of architectures) {
      const content = pauseElf(architecture);
      const layer = await write(
        mediaTypes.layer,
        tarOf([{ path: 'pause', type: 'file', mode: 0o755, content }]),
      );
      const config = await write(mediaTypes.config, {
        architecture,
        os: 'linux',
        // Nobody, as in upstream's pause image: it needs no right at all.
        config: { Entrypoint: ['/pause'], User: '65535:65535', WorkingDir: '/' },
        rootfs: { type: 'layers', diff_ids: [layer.digest] },
        history: [{ created: '1970-01-01T00:00:00Z', created_by: 'coracle' }],
      });
      const mediaType = mediaTypes.manifest;
      const manifest = { schemaVersion: 2, mediaType, config, layers: [layer] };
      const platform = { architecture, os: 'linux' };
      manifests.push({ ...(await write(mediaType, manifest)), platform });
    }
    const mediaType = mediaTypes.index;
    const index = await write(mediaType, { schemaVersion: 2, mediaType, manifests });
    if (store.find(name)?.digest === index.digest) return;
    await store.commit(staged, [
      { ...name, digest: index.digest, mediaType, sizeBytes: index.size },
    ]);
  } finally {
    await staged.discard();
  }
}
