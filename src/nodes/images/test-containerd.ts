// Starts the machine's own containerd with folders of its own for tests, and removes all it made.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface TestContainerd {
  readonly socketPath: string;
  /** containerd's `config_path` of registries. */
  readonly registryHosts: string;
  stop(): Promise<void>;
}

/** Resolves once it serves. It runs no container: only images are pulled. */
export async function startContainerd(): Promise<TestContainerd> {
  const directory = mkdtempSync(join(tmpdir(), 'coracle-containerd-'));
  const path = (name: string) => join(directory, name);
  const registryHosts = path('registry-hosts');
  mkdirSync(registryHosts);
  writeFileSync(
    path('config.toml'),
    `version = 2
root = "${path('root')}"
state = "${path('state')}"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "${path('containerd.sock')}"
[plugins."io.containerd.grpc.v1.cri"]
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${registryHosts}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
`,
  );
  const child = spawn('containerd', ['--config', path('config.toml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  let last = '';
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      last = line;
      if (line.includes('containerd successfully booted')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`containerd ended: ${last}`)));
  });
  return {
    socketPath: path('containerd.sock'),
    registryHosts,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
