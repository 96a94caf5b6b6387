// A store in a folder of its own behind real HTTP, and archives to load, for tests.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../logger.ts';
import { HttpRequest, writeResponse } from '../http-exchange.ts';
import { SharedChunks } from '../streamed-body.ts';
import { createImagesApi } from './api.ts';
import { mediaTypes } from './manifest.ts';
import { ImageStore } from './store.ts';
import { tarOf } from './tar-writer.ts';

export interface TestImages {
  readonly store: ImageStore;
  readonly directory: string;
  readonly server: string;
  load(archive: Uint8Array): Promise<{ status: number; body: string }>;
  close(): Promise<void>;
}

/** The image endpoints of a server, without what stands before them. */
export async function startImages(): Promise<TestImages> {
  const directory = await mkdtemp(join(tmpdir(), 'coracle-images-'));
  const store = await ImageStore.open(directory);
  const api = createImagesApi({ store, logger: silentLogger });
  const server = createServer((raw, response) => {
    const request = new HttpRequest(raw, response, true);
    void api(request)
      .then((answer) => writeResponse(answer, request, response, new SharedChunks()))
      .catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const base = `http://127.0.0.1:${address.port}`;
  return {
    store,
    directory,
    server: base,
    async load(archive) {
      const answer = await fetch(`${base}/coracle/images`, {
        method: 'POST',
        body: Buffer.from(archive),
      });
      return { status: answer.status, body: await answer.text() };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

const file = (path: string, content: Uint8Array | string) =>
  ({ path, type: 'file', mode: 0o644, content: Buffer.from(content) }) as const;

/** A layer with one file. */
export function layerWith(content: string): Uint8Array {
  return tarOf([file('hello', content)]);
}

function configOf(layer: Uint8Array): string {
  return JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : 'arm64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  });
}

/** What `docker save` of old writes. */
export function dockerArchive(layer: Uint8Array, tags: readonly string[] | null): Uint8Array {
  const config = configOf(layer);
  const list = [{ Config: 'config.json', RepoTags: tags, Layers: ['l/layer.tar'] }];
  return tarOf([
    file('l/layer.tar', layer),
    file('config.json', config),
    file('manifest.json', JSON.stringify(list)),
  ]);
}

/** An OCI image layout; `stored` replaces the layer's bytes under its digest. */
export function layoutArchive(
  layer: Uint8Array,
  name: string,
  stored: Uint8Array | undefined = layer,
): { archive: Uint8Array; manifestDigest: string } {
  const config = configOf(layer);
  const descriptor = (mediaType: string, bytes: Uint8Array | string) => ({
    mediaType,
    digest: digestOf(bytes),
    size: Buffer.byteLength(bytes),
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    config: descriptor(mediaTypes.config, config),
    layers: [descriptor(mediaTypes.layer, layer)],
  });
  const annotations = { 'org.opencontainers.image.ref.name': name };
  const index = { manifests: [{ ...descriptor(mediaTypes.manifest, manifest), annotations }] };
  const blob = (bytes: Uint8Array | string, named = bytes) =>
    file(`blobs/sha256/${digestOf(named).slice(7)}`, bytes);
  const archive = tarOf([
    file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    file('index.json', JSON.stringify(index)),
    blob(manifest),
    blob(config),
    blob(stored, layer),
  ]);
  return { archive, manifestDigest: digestOf(manifest) };
}
