// The runtime port over a real containerd, against the contract that the simulated one keeps.
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { runtimeContract } from '../runtime.contract.ts';
import {
  enterNamespaces,
  missing,
  startTestContainerd,
  testImage,
} from '../streaming/test-containerd.ts';
import { createCriRuntime } from './runtime.ts';

const skip = missing();

if (skip !== undefined) t.pass(`skipped: ${skip}`);
else if (!enterNamespaces(fileURLToPath(import.meta.url))) {
  const containerd = await startTestContainerd();
  t.teardown(() => containerd.stop());
  await t.test('contract', (t) =>
    runtimeContract(t, {
      make: async () => createCriRuntime({ socketPath: containerd.socketPath }),
      image: testImage,
      runForever: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'],
      exitWith: (code) => ({ command: ['sh', '-c', `exit ${code}`], annotations: {} }),
      succeed: ['echo', 'hi'],
      logDirectory: containerd.directory,
      cgroupParent: containerd.cgroupParent,
      pause: () => new Promise((resolve) => setTimeout(resolve, 50)),
    }),
  );
}
