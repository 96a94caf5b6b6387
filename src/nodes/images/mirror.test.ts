import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { layerWith, layoutArchive, startImages } from '../../api/images/images.fixture.ts';
import { addPauseImage } from '../../api/images/pause-image.ts';
import { createHttpsTransport } from '../../client/https.ts';
import { silentLogger } from '../../logger.ts';
import { createCriRuntime } from '../cri/runtime.ts';
import { writeRegistryHosts } from './hosts.ts';
import { startMirror } from './mirror.ts';
import { startContainerd } from './test-containerd.ts';

const logger = silentLogger;

t.test('hosts.toml names the mirror for every registry', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'coracle-hosts-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  for (const port of [5000, 5000, 5001]) {
    await writeRegistryHosts(directory, `http://127.0.0.1:${port}`);
    t.equal(
      readFileSync(join(directory, '_default', 'hosts.toml'), 'utf8'),
      `[host."http://127.0.0.1:${port}"]\n  capabilities = ["pull", "resolve"]\n`,
    );
  }
});

t.test('only reads of images are relayed', async (t) => {
  const asked: string[] = [];
  const mirror = await startMirror({
    port: 0,
    logger,
    fetch: async ({ url }) => {
      asked.push(url);
      throw new Error('connection refused');
    },
  });
  t.teardown(() => mirror.close());
  const ask = async (path: string, method = 'GET') =>
    (await fetch(`${mirror.address}${path}`, { method })).status;
  t.equal(await ask('/v2/'), 200);
  for (const path of [
    '/api/v1/secrets',
    '/v2/%2e%2e/%2e%2e/api/v1/secrets/manifests/x',
    '/v2/..%2f..%2fapi/manifests/x',
    '/v2/a/manifests/..%2fx',
    '/v2/a/tags/list',
    '/v2/manifests/x',
    '/v2/a/manifests/x?ns=a&watch=1',
  ]) {
    t.equal(await ask(path), 404, path);
  }
  t.equal(await ask('/v2/a/manifests/x', 'POST'), 405);
  t.same(asked, []);
  t.equal(await ask('/v2/library/nginx/manifests/1.25?ns=docker.io'), 503);
  t.equal(await ask(`/v2/a/blobs/sha256:${'0'.repeat(64)}?ns=host%3A5000`), 503);
  t.equal(asked.length, 2);
  t.equal(asked[0], '/coracle/registry/v2/library/nginx/manifests/1.25?ns=docker.io');
});

const noContainerd =
  process.geteuid?.() !== 0 || spawnSync('containerd', ['--version']).status !== 0;

t.test('containerd pulls through the mirror', { skip: noContainerd }, async (t) => {
  const images = await startImages();
  const transport = createHttpsTransport({ server: images.server });
  const mirror = await startMirror({ port: 0, logger, fetch: (each) => transport.request(each) });
  const containerd = await startContainerd();
  const runtime = createCriRuntime({ socketPath: containerd.socketPath });
  t.teardown(async () => {
    await runtime.close();
    await containerd.stop();
    await mirror.close();
    await transport.close();
    await images.close();
  });
  await writeRegistryHosts(containerd.registryHosts, mirror.address);
  await addPauseImage(images.store);
  const first = layoutArchive(layerWith('one'), 'app:1');
  await images.load(first.archive);
  await runtime.pullImage('coracle.local/pause:1');
  await runtime.pullImage('app:1');
  const image = await runtime.imageStatus('app:1');
  t.same(image?.digests, [`docker.io/library/app@${first.manifestDigest}`]);
  t.same(image?.tags, ['docker.io/library/app:1']);
  // A moved tag, and the digest that it had.
  const second = layoutArchive(layerWith('two'), 'app:1');
  await images.load(second.archive);
  await runtime.pullImage('app:1');
  t.same((await runtime.imageStatus('app:1'))?.digests, [
    `docker.io/library/app@${second.manifestDigest}`,
  ]);
  for (const { id } of await runtime.listImages()) await runtime.removeImage(id);
  await runtime.pullImage(`docker.io/library/app@${first.manifestDigest}`);
  const old = await runtime.imageStatus(`docker.io/library/app@${first.manifestDigest}`);
  t.ok(old !== undefined);
  // What nobody has ends with the reason of the image's own registry.
  const missing = runtime.pullImage('nobody.invalid/no/image:1');
  await t.rejects(missing, /failed to resolve reference "nobody.invalid\/no\/image:1": .*dial tcp/);
});
