// Files that the kubelet gives every container: /etc/hosts, the termination log, log links.
import { chmod, mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Clock, sleep } from '../../clock.ts';
import type { Pod } from '../../objects.ts';
import type { ContainerDetails, Mount } from '../runtime.ts';
import { messagePolicyAnnotation } from './labels.ts';
import { identityOf, type PodContainer } from './pod.ts';

/** The standard paths of a node, as parameters so that tests and simulations use their own. */
export interface NodePaths {
  /** /var/lib/kubelet */
  readonly root: string;
  /** /var/log/pods */
  readonly podLogs: string;
  /** /var/log/containers */
  readonly containerLogs: string;
  /** /etc/hosts of the node, for pods on its network. */
  readonly hostsFile: string;
  /** /etc/resolv.conf of the node. */
  readonly resolvConf: string;
}

export const standardPaths: NodePaths = {
  root: '/var/lib/kubelet',
  podLogs: '/var/log/pods',
  containerLogs: '/var/log/containers',
  hostsFile: '/etc/hosts',
  resolvConf: '/etc/resolv.conf',
};

const messageBytesMax = 4096;
const logBytesMax = 2048;

export function podLogDirectory(paths: NodePaths, pod: Pod): string {
  const { uid, namespace, name } = identityOf(pod);
  return path.join(paths.podLogs, `${namespace}_${name}_${uid}`);
}

/** The managed hosts file's text; `hostNetwork` pods get the node's with a heading. */
export function hostsFileText(
  pod: Pod,
  addresses: readonly string[],
  hostname: string,
  domain: string,
  nodeHosts: string | undefined,
): string {
  let text: string;
  if (nodeHosts !== undefined) {
    text = `# Kubernetes-managed hosts file (host network).\n${nodeHosts}`;
  } else {
    text =
      '# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n' +
      '::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\n' +
      'fe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n';
    const names = domain === '' ? hostname : `${hostname}.${domain}\t${hostname}`;
    for (const address of addresses) text += `${address}\t${names}\n`;
  }
  const aliases = pod.spec?.hostAliases ?? [];
  if (aliases.length === 0) return text;
  text += '\n# Entries added by HostAliases.\n';
  for (const { ip, hostnames = [] } of aliases) text += `${ip}\t${hostnames.join('\t')}\n`;
  return text;
}

/** Writes the pod's hosts file and gives its mount; none where the container has its own. */
export async function hostsMount(
  paths: NodePaths,
  pod: Pod,
  container: PodContainer,
  addresses: readonly string[],
  hostname: string,
  domain: string,
): Promise<readonly Mount[]> {
  const own = container.spec.volumeMounts ?? [];
  if (own.some(({ mountPath }) => mountPath === '/etc/hosts')) return [];
  const file = path.join(paths.root, 'pods', identityOf(pod).uid, 'etc-hosts');
  const nodeHosts =
    pod.spec?.hostNetwork === true
      ? await readFile(paths.hostsFile, 'utf8').catch(() => '')
      : undefined;
  await mkdir(path.dirname(file), { recursive: true, mode: 0o750 });
  await writeFile(file, hostsFileText(pod, addresses, hostname, domain, nodeHosts));
  await chmod(file, 0o644);
  return [{ hostPath: file, containerPath: '/etc/hosts', readonly: false, propagation: 'private' }];
}

function messageFile(paths: NodePaths, uid: string, name: string, attempt: number): string {
  return path.join(paths.root, 'pods', uid, 'containers', name, String(attempt));
}

/** The file behind terminationMessagePath of one run of a container. */
export async function terminationMount(
  paths: NodePaths,
  pod: Pod,
  container: PodContainer,
  attempt: number,
): Promise<readonly Mount[]> {
  const containerPath = container.spec.terminationMessagePath ?? '/dev/termination-log';
  if (containerPath === '') return [];
  const file = messageFile(paths, identityOf(pod).uid, container.spec.name, attempt);
  await mkdir(path.dirname(file), { recursive: true, mode: 0o750 });
  await writeFile(file, '');
  // Whoever the container runs as must be able to write it.
  await chmod(file, 0o666);
  return [{ hostPath: file, containerPath, readonly: false, propagation: 'private' }];
}

/** containerd writes the last lines of a log just after it has said that the container ended. */
const logReadsMax = 5;
const logReadDelayMs = 50;

/** What an ended container left as its last words: its file, or its log where it may. */
export async function terminationMessage(
  paths: NodePaths,
  uid: string,
  container: ContainerDetails,
  clock: Clock,
): Promise<string> {
  const file = messageFile(paths, uid, container.name, container.attempt);
  const text = await tail(file, messageBytesMax, 'start').catch(() => '');
  if (text !== '') return text;
  const fallback = container.annotations[messagePolicyAnnotation] === 'FallbackToLogsOnError';
  if (!fallback || container.exitCode === 0 || container.logPath === '') return container.message;
  let log = '';
  for (let reads = 1; ; reads++) {
    log = await tail(container.logPath, 64 * 1024, 'end').catch(() => '');
    if (log !== '' || reads === logReadsMax) break;
    await sleep(clock, logReadDelayMs);
  }
  const lines = log
    .split('\n')
    .map((line) => /^\S+ (?:stdout|stderr) ([FP]) (.*)$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => `${match[2] ?? ''}${match[1] === 'F' ? '\n' : ''}`)
    .slice(-80)
    .join('');
  return Buffer.from(lines).subarray(-logBytesMax).toString();
}

async function tail(file: string, bytesMax: number, from: 'start' | 'end'): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(size, bytesMax));
    const position = from === 'start' ? 0 : size - buffer.length;
    await handle.read(buffer, 0, buffer.length, position);
    return buffer.toString();
  } finally {
    await handle.close();
  }
}

/** The link by which log collectors find a container: pod_namespace_container-id.log. */
export async function linkContainerLog(
  paths: NodePaths,
  pod: Pod,
  containerName: string,
  containerId: string,
  logFile: string,
): Promise<void> {
  const { namespace, name } = identityOf(pod);
  // Upstream cuts the pod's part so that the name stays within 255 bytes.
  const prefix = `${name}_${namespace}_${containerName}-${containerId}`;
  await mkdir(paths.containerLogs, { recursive: true });
  const link = path.join(paths.containerLogs, `${prefix.slice(0, 251)}.log`);
  await symlink(logFile, link).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}
