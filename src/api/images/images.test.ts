import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import t from 'tap';
import {
  digestOf,
  dockerArchive,
  layerWith,
  layoutArchive,
  startImages,
  type TestImages,
} from './images.fixture.ts';
import { addPauseImage } from './pause-image.ts';
import { parseReference } from './reference.ts';
import { parseRange } from './registry.ts';
import { ImageStore } from './store.ts';
import { tarOf } from './tar-writer.ts';

async function stored(images: TestImages): Promise<number> {
  t.same(await readdir(join(images.directory, 'staging')), [], 'nothing is left aside');
  return (await readdir(join(images.directory, 'blobs', 'sha256'))).length;
}

t.test('names are stored in full', async (t) => {
  const full = (text: string) => {
    const reference = parseReference(text);
    return reference === undefined ? undefined : `${reference.repository}:${reference.tag}`;
  };
  t.equal(full('nginx'), 'docker.io/library/nginx:latest');
  t.equal(full('nginx:1.25'), 'docker.io/library/nginx:1.25');
  t.equal(full('me/app:x'), 'docker.io/me/app:x');
  t.equal(full('index.docker.io/nginx:1'), 'docker.io/library/nginx:1');
  t.equal(full('localhost/a:1'), 'localhost/a:1');
  t.equal(full('host:5000/a/b:1'), 'host:5000/a/b:1');
  for (const bad of ['', 'UP', 'a b', 'a//b', '../a', 'a:', 'a@sha256:00', `${'a'.repeat(2000)}`]) {
    t.equal(full(bad), undefined, bad);
  }
});

t.test('a docker archive is served as an OCI image', async (t) => {
  const images = await startImages();
  t.teardown(() => images.close());
  const layer = layerWith('one');
  for (const zip of [(b: Uint8Array) => b, gzipSync, zstdCompressSync]) {
    const { status, body } = await images.load(zip(dockerArchive(layer, ['nginx:1', 'x.io/a:b'])));
    t.equal(status, 201, body);
    t.same(JSON.parse(body), { images: ['docker.io/library/nginx:1', 'x.io/a:b'] });
  }
  t.equal(await stored(images), 3);
  const v2 = `${images.server}/coracle/registry/v2`;
  t.equal((await fetch(`${v2}/`)).status, 200);
  const answer = await fetch(`${v2}/library/nginx/manifests/1?ns=docker.io`);
  const text = await answer.text();
  const digest = answer.headers.get('docker-content-digest') ?? '';
  t.equal(digest, digestOf(text));
  t.equal(answer.headers.get('content-type'), 'application/vnd.oci.image.manifest.v1+json');
  const head = await fetch(`${v2}/library/nginx/manifests/${digest}?ns=docker.io`, {
    method: 'HEAD',
  });
  t.equal(head.headers.get('content-length'), String(text.length));
  t.equal((await fetch(`${v2}/a/manifests/b?ns=x.io`)).status, 200);
  const blob = `${v2}/library/nginx/blobs/${digestOf(layer)}?ns=docker.io`;
  const whole = await fetch(blob);
  t.equal(digestOf(new Uint8Array(await whole.arrayBuffer())), digestOf(layer));
  const part = await fetch(blob, { headers: { range: 'bytes=512-514' } });
  t.equal(part.status, 206);
  t.equal(await part.text(), 'one');
  t.equal((await fetch(blob, { headers: { range: 'bytes=999999-' } })).status, 416);
  const missing = await fetch(`${v2}/library/nginx/manifests/2?ns=docker.io`);
  t.equal(missing.status, 404);
  t.match(await missing.json(), { errors: [{ code: 'MANIFEST_UNKNOWN' }] });
  for (const path of ['%zz/manifests/1', 'a/blobs/sha256:00', 'a/blobs/..', '%2e%2e/x', 'a/tags']) {
    t.equal((await fetch(`${v2}/${path}`)).status, 404, path);
  }
  t.equal((await fetch(blob, { method: 'DELETE' })).status, 405);
});

t.test('a layout is loaded, replaced, and there after a restart', async (t) => {
  const images = await startImages();
  t.teardown(() => images.close());
  const first = layoutArchive(layerWith('one'), 'app:1');
  const second = layoutArchive(layerWith('two'), 'app:1');
  t.equal((await images.load(first.archive)).status, 201);
  t.equal((await images.load(second.archive)).status, 201);
  const again = await ImageStore.open(images.directory);
  t.match(again.list(), [{ repository: 'docker.io/library/app', digest: second.manifestDigest }]);
  t.ok(await again.manifest(first.manifestDigest), 'what was replaced stays by digest');
  t.equal(await again.manifest(digestOf('nothing')), undefined);
  const listed = await fetch(`${images.server}/coracle/images`);
  t.same(await listed.json(), { images: ['docker.io/library/app:1'] });
});

t.test('what is no image is refused with one sentence and leaves nothing', async (t) => {
  const images = await startImages();
  t.teardown(() => images.close());
  const layer = layerWith('one');
  const good = layoutArchive(layer, 'app:1').archive;
  const only = (path: string, content: string) =>
    tarOf([{ path, type: 'file', mode: 0o644, content: Buffer.from(content) }]);
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['nothing', new Uint8Array(), /it is empty/],
    ['noise', randomBytes(300_000), /it is not a tar archive/],
    ['text', Buffer.from('hello'), /ends in the middle/],
    ['no image', only('README', 'hi'), /it holds no image/],
    ['a bad index', only('index.json', '[]'), /index.json is no OCI index/],
    ['a bad manifest', only('manifest.json', '{'), /manifest.json is no list/],
    ['a wrong list', only('manifest.json', '[{"Config":1}]'), /does not describe an image/],
    [
      'a missing config',
      only('manifest.json', '[{"Config":"c","Layers":[],"RepoTags":["a:1"]}]'),
      /it lacks c$/,
    ],
    ['no name', dockerArchive(layer, null), /have no names/],
    ['a bad name', dockerArchive(layer, ['A B']), /"A B" is no image name/],
    ['cut off', good.subarray(0, good.length - 2000), /ends in the middle|another size|lacks/],
    ['broken gzip', gzipSync(good).subarray(0, 300), /compression is broken/],
    ['a changed layer', layoutArchive(layer, 'app:1', layerWith('two')).archive, /another digest/],
  ];
  for (const [name, archive, why] of cases) {
    const { status, body } = await images.load(archive);
    t.equal(status, 400, name);
    const { reason, message } = JSON.parse(body) as { reason: string; message: string };
    t.equal(reason, 'BadRequest');
    t.match(message, /^the archive cannot be loaded: /);
    t.match(message, why, name);
    t.equal(await stored(images), 0, name);
  }
  t.same(images.store.list(), []);
});

t.test('the sandbox image is put in once', async (t) => {
  const images = await startImages();
  t.teardown(() => images.close());
  await addPauseImage(images.store);
  await addPauseImage(images.store);
  t.equal(await stored(images), 7);
  t.match(images.store.list(), [{ repository: 'coracle.local/pause', tag: '1' }]);
});

t.test('ranges', async (t) => {
  t.equal(parseRange(undefined, 10), undefined);
  t.same(parseRange('bytes=2-', 10), { start: 2, end: 9 });
  t.same(parseRange('bytes=2-3', 10), { start: 2, end: 3 });
  t.same(parseRange('bytes=2-30', 10), { start: 2, end: 9 });
  t.same(parseRange('bytes=-3', 10), { start: 7, end: 9 });
  t.equal(parseRange('bytes=10-', 10), 'unsatisfiable');
  t.equal(parseRange('bytes=-0', 10), 'unsatisfiable');
  for (const all of ['bytes=3-2', 'bytes=-', 'bytes=1-2,4-5', 'lines=1-2']) {
    t.equal(parseRange(all, 10), undefined, all);
  }
});
