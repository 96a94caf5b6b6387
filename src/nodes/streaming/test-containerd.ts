// A containerd of a test's own, in namespaces that end with the test, with one busybox image.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createCriRuntime } from '../cri/runtime.ts';
import type { ContainerConfig, Runtime, SandboxConfig } from '../runtime.ts';

export const testImage = 'docker.io/library/busybox:test';
const sandboxImage = 'coracle.local/pause:1';
const insideVariable = 'CORACLE_TEST_NAMESPACES';
/** A test that failed half way may leave something that never ends. */
const testMsMax = 180_000;
const applets = ['sh', 'cat', 'sleep', 'echo', 'head', 'wc', 'nc', 'stty', 'dd', 'sha256sum', 'tr'];

/** Why such a test cannot run here; undefined when it can. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  for (const file of ['/usr/bin/containerd', '/usr/sbin/runc', '/usr/bin/busybox']) {
    if (!existsSync(file)) return `no ${file}`;
  }
  return undefined;
}

/**
 * Runs this test file again as PID 1 of fresh namespaces, so that no process, mount, link or
 * address outlives it. Gives false in there, where the test itself goes on.
 */
export function enterNamespaces(file: string): boolean {
  if (process.env[insideVariable] !== undefined) return false;
  const group = `coracle-test-${process.pid}`;
  const script =
    'mount -t tmpfs tmpfs /run && mkdir -p /run/netns && ip link set lo up && exec "$0" "$@"';
  const child = spawnSync(
    'unshare',
    [
      ...['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
      ...['sh', '-c', script, process.execPath, file],
    ],
    { stdio: 'inherit', timeout: testMsMax, env: { ...process.env, [insideVariable]: group } },
  );
  process.exitCode = child.status ?? 1;
  spawnSync('sh', [
    '-c',
    `for i in 1 2 3; do find /sys/fs/cgroup -depth -type d -path "*/${group}*" -exec rmdir {} + ` +
      '2>/dev/null && break; done; rm -rf "$0"',
    `/tmp/${group}`,
  ]);
  return true;
}

/** containerd with the image imported, and the runtime port over it. */
export async function startTestContainerd(): Promise<{
  runtime: Runtime;
  socketPath: string;
  directory: string;
  cgroupParent: string;
  stop(): Promise<void>;
}> {
  const group = process.env[insideVariable] ?? '';
  const directory = `/tmp/${group}`;
  await mkdir(directory, { recursive: true });
  const socketPath = '/run/coracle-test.sock';
  await writeFile(path.join(directory, 'config.toml'), config(directory, socketPath));
  await mkdir(path.join(directory, 'cni'), { recursive: true });
  await writeFile(
    path.join(directory, 'cni/10-test.conflist'),
    JSON.stringify({
      cniVersion: '0.4.0',
      name: 'test',
      plugins: [
        {
          type: 'ptp',
          ipam: {
            type: 'host-local',
            dataDir: path.join('/run', 'ipam'),
            ranges: [[{ subnet: '10.253.77.0/24' }]],
            routes: [{ dst: '0.0.0.0/0' }],
          },
        },
      ],
    }),
  );
  const containerd = spawn('containerd', ['-c', path.join(directory, 'config.toml')], {
    stdio: process.env.CORACLE_TEST_VERBOSE === undefined ? 'ignore' : 'inherit',
  });
  await importImage(directory, socketPath);
  const runtime = createCriRuntime({ socketPath });
  return {
    runtime,
    socketPath,
    directory,
    cgroupParent: `/${group}`,
    stop: () => stop(runtime, containerd, directory),
  };
}

async function stop(runtime: Runtime, containerd: ChildProcess, directory: string): Promise<void> {
  for (const { id } of await runtime.listSandboxes()) {
    await runtime.stopSandbox(id);
    await runtime.removeSandbox(id);
  }
  await runtime.close();
  const ended = new Promise((resolve) => containerd.once('exit', resolve));
  containerd.kill('SIGTERM');
  await ended;
  await rm(directory, { recursive: true, force: true }).catch(() => undefined);
}

function config(directory: string, socketPath: string): string {
  return `version = 2
root = "${directory}/root"
state = "/run/containerd-test"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "${socketPath}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${directory}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`;
}

async function importImage(directory: string, socketPath: string): Promise<void> {
  const layout = path.join(directory, 'image');
  const rootfs = path.join(directory, 'rootfs');
  await mkdir(path.join(rootfs, 'bin'), { recursive: true });
  for (const folder of ['tmp', 'etc', 'proc', 'sys', 'dev']) {
    await mkdir(path.join(rootfs, folder), { recursive: true });
  }
  command('cp', ['/usr/bin/busybox', path.join(rootfs, 'bin/busybox')]);
  for (const applet of applets) await symlink('busybox', path.join(rootfs, 'bin', applet));
  command('tar', ['-C', rootfs, '-cf', path.join(directory, 'layer.tar'), '.']);
  await mkdir(path.join(layout, 'blobs/sha256'), { recursive: true });
  const add = async (bytes: Uint8Array, mediaType: string) => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    await writeFile(path.join(layout, 'blobs/sha256', hash), bytes);
    return { mediaType, digest: `sha256:${hash}`, size: bytes.length };
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const type = (what: string) => `application/vnd.oci.image.${what}`;
  const layer = await add(await readFile(path.join(directory, 'layer.tar')), type('layer.v1.tar'));
  const image = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Cmd: ['/bin/sleep', '1000000'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  };
  const manifest = await add(
    json({
      schemaVersion: 2,
      mediaType: type('manifest.v1+json'),
      config: await add(json(image), type('config.v1+json')),
      layers: [layer],
    }),
    type('manifest.v1+json'),
  );
  const named = [testImage, sandboxImage].map((name) => ({
    ...manifest,
    annotations: { 'io.containerd.image.name': name },
  }));
  await writeFile(path.join(layout, 'index.json'), json({ schemaVersion: 2, manifests: named }));
  await writeFile(path.join(layout, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
  const tar = path.join(directory, 'image.tar');
  command('tar', ['-C', layout, '-cf', tar, ...(await readdir(layout))]);
  const ctr = ['--address', socketPath, '--connect-timeout', '20s', '-n', 'k8s.io'];
  command('ctr', [...ctr, 'images', 'import', '--snapshotter', 'native', tar], 50);
}

function command(program: string, args: readonly string[], tries = 1): void {
  let said = '';
  for (let left = tries; left > 0; left--) {
    const result = spawnSync(program, [...args], { encoding: 'utf8', timeout: 60_000 });
    if (result.status === 0) return;
    said = `${result.stderr}${result.error?.message ?? ''}`;
    // containerd's socket appears a moment after its start.
    if (left > 1) spawnSync('sleep', ['0.1']);
  }
  throw new Error(`${program} ${args.join(' ')}: ${said}`);
}

const security = {
  privileged: false,
  readonlyRootfs: false,
  supplementalGroups: [],
  addCapabilities: [],
  dropCapabilities: [],
  noNewPrivileges: false,
  seccomp: { type: 'Unconfined' },
  maskedPaths: [],
  readonlyPaths: [],
} as const;

/** A sandbox and one container in it, running. */
export async function runTestPod(
  runtime: Runtime,
  options: {
    readonly uid: string;
    readonly logDirectory: string;
    readonly cgroupParent: string;
    readonly command: readonly string[];
    readonly stdin?: boolean;
    readonly tty?: boolean;
  },
): Promise<{ sandboxId: string; containerId: string }> {
  const { uid, logDirectory, cgroupParent } = options;
  await mkdir(path.join(logDirectory, 'main'), { recursive: true });
  const labels = {
    'io.kubernetes.pod.uid': uid,
    'io.kubernetes.pod.name': uid,
    'io.kubernetes.pod.namespace': 'test',
  };
  const sandbox: SandboxConfig = {
    podName: uid,
    podNamespace: 'test',
    podUid: uid,
    attempt: 0,
    hostname: uid,
    logDirectory,
    labels,
    annotations: {},
    cgroupParent,
    portMappings: [],
    hostNetwork: false,
    hostPid: false,
    hostIpc: false,
    sharedPid: false,
    sysctls: {},
    security,
    runtimeHandler: '',
  };
  const sandboxId = await runtime.runSandbox(sandbox);
  const imageRef = (await runtime.imageStatus(testImage))?.id ?? testImage;
  const container: ContainerConfig = {
    name: 'main',
    attempt: 0,
    imageRef,
    imageName: testImage,
    command: options.command,
    args: [],
    workingDir: '',
    env: [],
    mounts: [],
    devices: [],
    labels: { ...labels, 'io.kubernetes.container.name': 'main' },
    annotations: { 'io.kubernetes.container.restartCount': '0' },
    logPath: 'main/0.log',
    stdin: options.stdin === true,
    stdinOnce: false,
    tty: options.tty === true,
    resources: {},
    security,
  };
  const containerId = await runtime.createContainer(sandboxId, container, sandbox);
  await runtime.startContainer(containerId);
  return { sandboxId, containerId };
}
