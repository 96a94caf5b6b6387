// Volumes with real directories, real mounts and a real clock's worth of tokens; needs root.
import {
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { VirtualClock } from '../../clock.ts';
import type { ConfigMap, Pod, Secret } from '../../objects.ts';
import { Mounts, mountsUnder } from './mounts.ts';
import { PodVolumes } from './pod-volumes.ts';
import { mountSubPath, openSubPath } from './sub-path.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';

async function fixture(t: Test) {
  const root = await mkdtemp(path.join(tmpdir(), 'coracle-volumes-'));
  const clock = new VirtualClock();
  const configMaps = new Map<string, ConfigMap>();
  const secrets = new Map<string, Secret>();
  let tokens = 0;
  const mounts = new Mounts();
  const volumes = new PodVolumes({
    rootDirectory: root,
    clock,
    mounts,
    references: {
      configMap: async (_namespace, name) => configMaps.get(name),
      secret: async (_namespace, name) => secrets.get(name),
    },
    fields: () => ({
      nodeName: 'node',
      nodeAddresses: ['192.0.2.1'],
      podAddresses: [],
      allocatable: { cpu: '2', memory: '4Gi' },
    }),
    createToken: async (_namespace, _account, request) => ({
      ...request,
      status: {
        token: `token-${++tokens}`,
        expirationTimestamp: new Date(clock.nowMs() + 3_600_000).toISOString(),
      },
    }),
  });
  t.teardown(async () => {
    for (const uid of await volumes.uids()) await volumes.tearDown(uid);
    await rm(root, { recursive: true });
    mounts.close();
  });
  return { root, clock, mounts, configMaps, secrets, volumes };
}

function podWith(volumes: NonNullable<NonNullable<Pod['spec']>['volumes']>, fsGroup?: number): Pod {
  return {
    metadata: { name: 'p', namespace: 'ns', uid: 'u1', labels: { b: '2', a: '1' } },
    spec: {
      containers: [{ name: 'c', resources: { limits: { cpu: '1500m' } } }],
      volumes,
      ...(fsGroup === undefined ? {} : { securityContext: { fsGroup } }),
    },
  };
}

t.test(
  'a projected volume is whole, renewed at once, and goes without a trace',
  { skip },
  async (t) => {
    const { clock, configMaps, volumes, root } = await fixture(t);
    configMaps.set('ca', { data: { 'ca.crt': 'one' } });
    const pod = podWith([
      {
        name: 'api',
        projected: {
          defaultMode: 0o644,
          sources: [
            { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
            { configMap: { name: 'ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            {
              downwardAPI: {
                items: [
                  { path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } },
                  { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
                  {
                    path: 'cpu',
                    resourceFieldRef: { containerName: 'c', resource: 'limits.cpu', divisor: '1m' },
                  },
                ],
              },
            },
          ],
        },
      },
    ]);
    const mounted = await volumes.setUp(pod);
    const directory = mounted.get('api')?.hostPath ?? '';
    t.equal(directory, path.join(root, 'pods/u1/volumes/kubernetes.io~projected/api'));
    const read = (name: string) => readFile(path.join(directory, name), 'utf8');
    t.equal(await read('token'), 'token-1');
    t.equal(await read('namespace'), 'ns');
    t.equal(await read('labels'), 'a="1"\nb="2"');
    t.equal(await read('cpu'), '1500');
    t.strictSame(await mountsUnder(directory), [directory]);
    const before = await readlink(path.join(directory, '..data'));
    await volumes.setUp(pod);
    t.equal(await readlink(path.join(directory, '..data')), before, 'unchanged content stays');
    configMaps.set('ca', { data: { 'ca.crt': 'two' } });
    await clock.advance(3_000_000);
    await volumes.setUp(pod);
    t.equal(await read('ca.crt'), 'two');
    t.equal(await read('token'), 'token-2');
    const names = await readdir(directory);
    t.equal(names.filter((name) => name.startsWith('..')).length, 2, 'the old set is gone');
    await volumes.tearDown('u1');
    t.strictSame(await mountsUnder(root), []);
    t.strictSame(await volumes.uids(), []);
  },
);

t.test('what is missing is named', { skip }, async (t) => {
  const { volumes, configMaps } = await fixture(t);
  await t.rejects(
    volumes.setUp(podWith([{ name: 'v', configMap: { name: 'gone' } }])),
    /MountVolume.SetUp failed for volume "v" : configmap "gone" not found/,
  );
  await t.rejects(
    volumes.setUp(podWith([{ name: 'v', secret: { secretName: 'gone' } }])),
    /secret "gone" not found/,
  );
  await volumes.setUp(podWith([{ name: 'v', configMap: { name: 'gone', optional: true } }]));
  configMaps.set('some', { data: { a: '1' } });
  const items = [{ key: 'b', path: 'b' }];
  await t.rejects(
    volumes.setUp(podWith([{ name: 'v', configMap: { name: 'some', items } }])),
    /references non-existent config key: b/,
  );
  const outside = [{ key: 'a', path: '../../out' }];
  await t.rejects(
    volumes.setUp(podWith([{ name: 'w', configMap: { name: 'some', items: outside } }])),
    /must not contain '..'/,
  );
});

t.test('emptyDir, memory and fsGroup', { skip }, async (t) => {
  const { volumes, secrets } = await fixture(t);
  secrets.set('s', { data: { key: Buffer.from('value').toString('base64') } });
  const mounted = await volumes.setUp(
    podWith(
      [
        { name: 'plain', emptyDir: {} },
        { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        { name: 'secret', secret: { secretName: 's', defaultMode: 0o400 } },
      ],
      2000,
    ),
  );
  const plain = await stat(mounted.get('plain')?.hostPath ?? '');
  t.equal(plain.mode & 0o7777, 0o2777);
  t.equal(plain.gid, 2000);
  const memory = mounted.get('memory')?.hostPath ?? '';
  t.strictSame(await mountsUnder(memory), [memory]);
  await t.rejects(writeFile(path.join(memory, 'big'), Buffer.alloc(2 ** 21)), { code: 'ENOSPC' });
  const key = await stat(path.join(mounted.get('secret')?.hostPath ?? '', 'key'));
  t.equal(key.mode & 0o777, 0o440);
  t.equal(key.gid, 2000);
});

t.test('hostPath types', { skip }, async (t) => {
  const { volumes, root } = await fixture(t);
  const mount = (type: string, name: string) =>
    volumes.setUp(podWith([{ name: 'h', hostPath: { path: path.join(root, name), type } }]));
  await t.rejects(mount('Directory', 'd'), /hostPath type check failed: .*\/d is not a directory/);
  await mount('DirectoryOrCreate', 'd');
  await t.rejects(mount('File', 'd'), /is not a file/);
  await t.rejects(mount('Socket', 'd'), /is not a socket file/);
  await mount('FileOrCreate', 'f');
  t.ok((await stat(path.join(root, 'f'))).isFile());
});

t.test('subPath cannot leave its volume', { skip }, async (t) => {
  const { volumes, mounts, root } = await fixture(t);
  const mounted = await volumes.setUp(podWith([{ name: 'e', emptyDir: {} }]));
  const volume = mounted.get('e')?.hostPath ?? '';
  await symlink('/etc', path.join(volume, 'link'));
  await t.rejects(openSubPath(volume, '../x'), /must not contain '..'/);
  await t.rejects(openSubPath(volume, 'link/passwd'), /symbolic link/);
  await t.rejects(openSubPath(volume, '/etc'), /must be relative/);
  const target = path.join(root, 'pods/u1/volume-subpaths/e/c/0');
  await mountSubPath(mounts, volume, 'made/here', target);
  await writeFile(path.join(target, 'file'), 'x');
  t.equal(await readFile(path.join(volume, 'made/here/file'), 'utf8'), 'x');
  await volumes.tearDown('u1');
  t.strictSame(await mountsUnder(root), []);
});

t.test('a subPath of a renewed volume shows the new file after a restart', { skip }, async (t) => {
  const { volumes, mounts, root, configMaps, clock } = await fixture(t);
  const pod = podWith([{ name: 'c', configMap: { name: 'cm' } }]);
  const target = path.join(root, 'pods/u1/volume-subpaths/c/main/0');
  for (const text of ['old', 'new']) {
    configMaps.set('cm', { data: { file: text } });
    const volume = (await volumes.setUp(pod)).get('c')?.hostPath ?? '';
    // Twice: the second finds the same file mounted and leaves it.
    for (let run = 0; run < 2; run++) await mountSubPath(mounts, volume, 'file', target);
    t.equal(await readFile(target, 'utf8'), text);
    t.equal((await mountsUnder(target)).length, 1);
    await clock.advance(1000);
  }
});
