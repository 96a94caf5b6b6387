// Two nodes, a machine and pods as network namespaces, joined as `up` joins them; for tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cniConfig } from '../network/cni-config.ts';
import { type RunCommand, runCommand } from '../network/command.ts';
import type { Question } from './peer.fixture.ts';

export const nodeAddresses = { a: '10.77.0.2', b: '10.77.0.3' } as const;
export const clusterRange = '10.78.0.0/16';
export const podRange = { a: '10.78.0.0/24', b: '10.78.1.0/24' } as const;
const peer = fileURLToPath(new URL('./peer.fixture.ts', import.meta.url));

export type NodeName = keyof typeof nodeAddresses;

/** A network to test in. Names of namespaces: `machine`, `a`, `b`, and pods' names. */
export interface TwoNodes {
  /** Runs programs inside a namespace. */
  inside(name: string): RunCommand;
  /** Adds a pod with its own address and a peer that answers on port 8080. */
  addPod(node: NodeName, name: string): Promise<string>;
  /** A peer that answers on a namespace's own addresses. */
  serve(namespace: string, name: string, port: number): Promise<void>;
  ask(from: string, ...questions: Question[]): Promise<readonly (readonly string[])[]>;
  remove(): Promise<void>;
}

export async function createTwoNodes(): Promise<TwoNodes> {
  const state = await mkdtemp(join(tmpdir(), 'coracle-proxy-'));
  const prefix = `cpt${process.pid}-`;
  const made: string[] = [];
  const peers: ChildProcess[] = [];
  const inside =
    (name: string): RunCommand =>
    (program, args, input) =>
      runCommand('ip', ['netns', 'exec', prefix + name, program, ...args], input);
  const add = async (name: string) => {
    await runCommand('ip', ['netns', 'add', prefix + name]);
    made.push(prefix + name);
    await inside(name)('ip', ['link', 'set', 'lo', 'up']);
  };
  const serve = async (namespace: string, name: string, port: number) => {
    const args = ['netns', 'exec', prefix + namespace, process.execPath, peer, 'serve', name];
    const child = spawn('ip', [...args, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
    peers.push(child);
    await once(child.stdout, 'data');
  };

  await add('machine');
  const machine = inside('machine');
  await machine('ip', ['link', 'add', 'br0', 'type', 'bridge']);
  await machine('ip', ['addr', 'add', '10.77.0.1/24', 'dev', 'br0']);
  await machine('ip', ['link', 'set', 'br0', 'up']);
  for (const [name, address] of Object.entries(nodeAddresses)) {
    await add(name);
    const node = inside(name);
    const link = ['link', 'add', `node-${name}`, 'type', 'veth', 'peer', 'name', 'eth0'];
    await machine('ip', [...link, 'netns', prefix + name]);
    await machine('ip', ['link', 'set', `node-${name}`, 'master', 'br0', 'up']);
    await node('ip', ['addr', 'add', `${address}/24`, 'dev', 'eth0']);
    await node('ip', ['link', 'set', 'eth0', 'up']);
    await node('ip', ['route', 'add', 'default', 'via', '10.77.0.1']);
    await node('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.route_localnet=1']);
  }
  await inside('a')('ip', ['route', 'add', podRange.b, 'via', nodeAddresses.b]);
  await inside('b')('ip', ['route', 'add', podRange.a, 'via', nodeAddresses.a]);

  return {
    inside,
    serve,
    async addPod(node, name) {
      await add(name);
      const config = JSON.parse(
        cniConfig([podRange[node]], { stateDirectory: join(state, node) }),
      ) as { cniVersion: string; name: string; plugins: object[] };
      const { cniVersion, name: network, plugins } = config;
      const input = JSON.stringify({ cniVersion, name: network, ...plugins[0] });
      const variables = [
        'CNI_COMMAND=ADD',
        `CNI_CONTAINERID=${name}`,
        `CNI_NETNS=/run/netns/${prefix}${name}`,
        'CNI_IFNAME=eth0',
        'CNI_PATH=/usr/lib/cni',
      ];
      const result = await inside(node)('env', [...variables, '/usr/lib/cni/ptp'], input);
      const { ips } = JSON.parse(result) as { ips: { address: string }[] };
      await serve(name, name, 8080);
      return ips[0]?.address.split('/')[0] ?? '';
    },
    async ask(from, ...questions) {
      const args = [peer, 'ask', JSON.stringify(questions)];
      return JSON.parse(await inside(from)(process.execPath, args)) as string[][];
    },
    async remove() {
      for (const child of peers) {
        child.stdin?.end();
        if (child.exitCode === null) await once(child, 'exit');
      }
      for (const name of made.reverse()) await runCommand('ip', ['netns', 'del', name]);
      await rm(state, { recursive: true, force: true });
    },
  };
}
