// What a machine needs to run real nodes, and the exact fix for each thing that it lacks.
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { attempt } from './command.ts';

/** A Debian package and a program of it that tells whether it is there. */
interface Requirement {
  readonly package: string;
  readonly program: string;
  readonly why: string;
}

/** What nodes with real containers need; all are in Debian 12. */
export const requirements: readonly Requirement[] = [
  { package: 'containerd', program: 'containerd', why: 'runs containers' },
  { package: 'runc', program: 'runc', why: 'starts containers' },
  {
    package: 'containernetworking-plugins',
    program: '/usr/lib/cni/ptp',
    why: 'gives pods their network',
  },
  { package: 'nftables', program: 'nft', why: 'programs Services' },
  { package: 'conntrack', program: 'conntrack', why: 'forgets stale Service connections' },
  { package: 'iproute2', program: 'ip', why: 'joins nodes' },
  { package: 'util-linux', program: 'unshare', why: 'makes nodes' },
  { package: 'busybox-static', program: 'busybox', why: 'is the content of test images' },
];

/** One thing that `coracle doctor` looked at. */
export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  /** What was seen. */
  readonly detail: string;
  /** The command or change that mends it; only when not ok. */
  readonly fix?: string;
  /** Whether real containers cannot run without it. */
  readonly fatal: boolean;
}

/** Debian packages that are missing. */
export function missingPackages(environment: NodeJS.ProcessEnv): readonly Requirement[] {
  return requirements.filter((requirement) => !isInstalled(requirement, environment));
}

function isInstalled(requirement: Requirement, environment: NodeJS.ProcessEnv): boolean {
  if (requirement.program.startsWith('/')) return existsSync(requirement.program);
  // Users other than root often have no sbin folder in their PATH.
  const folders = [...(environment.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/bin'];
  return folders.some((folder) => folder !== '' && executable(join(folder, requirement.program)));
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether this is Debian or a relative of it, where apt-get is at hand. */
export function hasApt(): boolean {
  return existsSync('/usr/bin/apt-get');
}

const packagesFix = (names: readonly string[]) =>
  `apt-get install --no-install-recommends ${names.join(' ')}`;

/** Everything that real nodes need of this machine. */
export async function examineMachine(options: {
  readonly environment: NodeJS.ProcessEnv;
  readonly root: boolean;
  readonly ports: readonly number[];
  /** The cluster of `home` that listens on a port, by name. */
  readonly clusterOn: (port: number) => string | undefined;
  readonly home: string;
}): Promise<readonly Finding[]> {
  const missing = missingPackages(options.environment);
  return [
    checkRoot(options.root),
    ...requirements.map((requirement) => checkPackage(requirement, missing)),
    checkCgroups(),
    ...(await checkKernel(options.root, missing.length === 0)),
    ...checkLimits(),
    checkDisk(options.home),
    ...(await Promise.all(options.ports.map((port) => checkPort(port, options.clusterOn)))),
  ];
}

function checkRoot(root: boolean): Finding {
  return {
    check: 'root',
    ok: root,
    detail: root ? 'running as root' : 'not running as root: namespaces and mounts need it',
    ...(root ? {} : { fix: 'run it with sudo, or use --runtime simulated' }),
    fatal: true,
  };
}

function checkPackage(requirement: Requirement, missing: readonly Requirement[]): Finding {
  const ok = !missing.includes(requirement);
  return {
    check: `package ${requirement.package}`,
    ok,
    detail: ok ? 'installed' : `missing: it ${requirement.why}`,
    ...(ok ? {} : { fix: packagesFix([requirement.package]) }),
    fatal: true,
  };
}

function checkCgroups(): Finding {
  const v2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
  const v1 = existsSync('/sys/fs/cgroup/memory/cgroup.procs');
  return {
    check: 'cgroups',
    ok: v1 || v2,
    detail: v2 ? 'version 2' : v1 ? 'version 1' : 'no memory controller is mounted',
    ...(v1 || v2 ? {} : { fix: 'mount -t cgroup2 none /sys/fs/cgroup' }),
    fatal: true,
  };
}

async function checkKernel(root: boolean, complete: boolean): Promise<readonly Finding[]> {
  const filesystems = readFileSync('/proc/filesystems', 'utf8');
  const overlay = /\boverlay$/m.test(filesystems);
  const findings: Finding[] = [
    {
      check: 'overlayfs',
      ok: overlay,
      detail: overlay ? 'available' : 'not loaded',
      ...(overlay ? {} : { fix: 'modprobe overlay' }),
      fatal: false,
    },
  ];
  if (!root || !complete) return findings;
  const table = 'add table ip coracle_doctor; delete table ip coracle_doctor';
  const nft = (await attempt('nft', [table])) !== undefined;
  findings.push({
    check: 'nftables in the kernel',
    ok: nft,
    detail: nft ? 'available' : 'a table could not be made',
    ...(nft ? {} : { fix: 'modprobe nf_tables' }),
    fatal: true,
  });
  return findings;
}

// Kubernetes' own advice for inotify; containerd and kubelets keep many files open.
const instancesMin = 128;
const watchesMin = 65_536;
const openFilesMin = 65_536;

function checkLimits(): readonly Finding[] {
  return [
    checkSysctl('fs.inotify.max_user_instances', instancesMin),
    checkSysctl('fs.inotify.max_user_watches', watchesMin),
    checkSysctl('fs.file-max', openFilesMin),
  ];
}

function checkSysctl(name: string, least: number): Finding {
  const value = Number(readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8'));
  const ok = value >= least;
  return {
    check: name,
    ok,
    detail: String(value),
    ...(ok ? {} : { fix: `sysctl -w ${name}=${least}` }),
    fatal: false,
  };
}

const freeBytesMin = 2 * 1024 ** 3;

function checkDisk(home: string): Finding {
  let folder = home;
  while (!existsSync(folder)) folder = join(folder, '..');
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const ok = free >= freeBytesMin;
  return {
    check: 'disk',
    ok,
    detail: `${(free / 1024 ** 3).toFixed(1)} GiB free at ${folder}`,
    ...(ok ? {} : { fix: 'free some space, or set CORACLE_HOME to a larger disk' }),
    fatal: false,
  };
}

/** A port that one's own cluster has is as it should be. */
export async function checkPort(
  port: number,
  clusterOn: (port: number) => string | undefined,
): Promise<Finding> {
  const about = { check: `port ${port}`, fatal: false };
  if (await portIsFree(port)) return { ...about, ok: true, detail: 'free' };
  const cluster = clusterOn(port);
  if (cluster !== undefined)
    return { ...about, ok: true, detail: `in use by cluster "${cluster}"` };
  const fix = `give another one: coracle up --port ${port + 1}`;
  return { ...about, ok: false, detail: 'in use', fix };
}

/** Whether 127.0.0.1:`port` can be listened on. */
export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}

/**
 * The command lines that install `names`. Debian's containerd comes with a service that systemd
 * starts at once and at every boot; nodes run containerd of their own, so it is turned off again.
 */
export function installCommands(
  names: readonly string[],
  systemd = existsSync('/run/systemd/system'),
): readonly (readonly string[])[] {
  const turnOff = ['systemctl', 'disable', '--now', 'containerd.service'];
  return [
    ['apt-get', 'update', '-qq'],
    ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...names],
    ...(systemd && names.includes('containerd') ? [turnOff] : []),
  ];
}
