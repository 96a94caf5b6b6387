import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { loadArchive } from '../../src/api/images/archive.ts';
import { parseObject } from '../../src/api/images/manifest.ts';
import { ImageStore } from '../../src/api/images/store.ts';
import { buildImage } from './build.ts';

const noApt = ['apt-get', 'dpkg-deb'].some((each) => spawnSync(each, ['--version']).status !== 0);

t.test('busybox is built, twice the same, and can be loaded', { skip: noApt }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'coracle-build-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = await buildImage('busybox', join(directory, 'cache'));
  const bytes = readFileSync(file);
  t.equal(await buildImage('busybox', join(directory, 'cache')), file, 'the cache has it');
  const again = await buildImage('busybox', join(directory, 'other'));
  t.ok(bytes.equals(readFileSync(again)), 'equal bytes');
  const store = await ImageStore.open(join(directory, 'store'));
  const names = await loadArchive(
    store,
    (async function* () {
      yield bytes;
    })(),
  );
  t.same(names, ['docker.io/library/busybox:1.35', 'docker.io/library/busybox:latest']);
  const [image] = store.list();
  const manifest = await store.manifest(image?.digest ?? '');
  const [config, layer] = manifest?.blobs ?? [];
  t.match(parseObject(await store.blobs.read(config?.digest ?? '')), {
    os: 'linux',
    config: { Cmd: ['sh'] },
  });
  const content = await store.blobs.read(layer?.digest ?? '');
  const listed = execFileSync('tar', ['-tv'], { input: content }).toString();
  t.match(listed, /^-rwxr-xr-x 0\/0 .* bin\/busybox$/m);
  t.match(listed, /^lrwxrwxrwx 0\/0 .* bin\/sh -> busybox$/m);
  t.match(listed, /^drwxrwxrwt 0\/0 .* tmp\/$/m);
  t.notMatch(listed, /usr\/share\/doc/);
  await t.rejects(
    buildImage('nothing', directory),
    /there is no image "nothing"; there are busybox/,
  );
});
