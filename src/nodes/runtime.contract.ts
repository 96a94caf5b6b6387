// What every node runtime must do, real or simulated; the image and its commands are given in.
import type { Test } from 'tap';
import type { ContainerConfig, ContainerDetails, Runtime, SandboxConfig } from './runtime.ts';

export interface RuntimeContractOptions {
  readonly make: () => Promise<Runtime>;
  /** An image that is present, or that `pullImage` can make present. */
  readonly image: string;
  /** Runs until told to stop, and ends at TERM within a second. */
  readonly runForever: readonly string[];
  /** Ends at once with this code; undefined where only annotations say so (simulated). */
  readonly exitWith: (code: number) => {
    readonly command: readonly string[];
    readonly annotations: Readonly<Record<string, string>>;
  };
  /** A command for execSync that succeeds. */
  readonly succeed: readonly string[];
  readonly logDirectory: string;
  readonly cgroupParent: string;
  /** Waits a little of the runtime's own time. */
  readonly pause: () => Promise<void>;
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

function sandboxFor(
  options: RuntimeContractOptions,
  uid: string,
  annotations: Readonly<Record<string, string>> = {},
): SandboxConfig {
  return {
    podName: uid,
    podNamespace: 'contract',
    podUid: uid,
    attempt: 0,
    hostname: uid,
    logDirectory: options.logDirectory,
    labels: { 'io.kubernetes.pod.uid': uid, app: 'contract' },
    annotations,
    cgroupParent: options.cgroupParent,
    portMappings: [],
    hostNetwork: false,
    hostPid: false,
    hostIpc: false,
    sharedPid: false,
    sysctls: {},
    security,
    runtimeHandler: '',
  };
}

function containerFor(
  options: RuntimeContractOptions,
  uid: string,
  name: string,
  imageRef: string,
  command: readonly string[],
): ContainerConfig {
  return {
    name,
    attempt: 0,
    imageRef,
    imageName: options.image,
    command,
    args: [],
    workingDir: '',
    env: [{ name: 'WHO', value: 'contract' }],
    mounts: [],
    devices: [],
    labels: { 'io.kubernetes.pod.uid': uid, 'io.kubernetes.container.name': name },
    annotations: { 'io.kubernetes.container.restartCount': '0' },
    logPath: `${name}.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: {},
    security,
  };
}

const triesMax = 100;

async function ended(
  runtime: Runtime,
  id: string,
  pause: () => Promise<void>,
): Promise<ContainerDetails> {
  for (let tries = 0; tries < triesMax; tries++) {
    const status = await runtime.containerStatus(id);
    if (status.state === 'exited') return status;
    await pause();
  }
  throw new Error(`container ${id} does not end`);
}

/** Runs the suite; every sandbox it makes is removed again. */
export async function runtimeContract(t: Test, options: RuntimeContractOptions): Promise<void> {
  const runtime = await options.make();
  t.teardown(() => runtime.close());
  const present = await runtime.imageStatus(options.image);
  const imageRef = present?.id ?? (await runtime.pullImage(options.image));

  await t.test('it says what it is', async (t) => {
    t.match((await runtime.capabilities()).version, /^[a-z-]+:\/\/./);
    t.equal((await runtime.status()).ready, true);
    t.ok((await runtime.listImages()).some(({ id }) => id === imageRef));
    t.equal(await runtime.imageStatus('absent.invalid/none:1'), undefined);
    await t.rejects(runtime.pullImage('absent.invalid/none:1'));
  });

  await t.test('a sandbox comes and goes, each step repeatable', async (t) => {
    const config = sandboxFor(options, 'sandbox-uid');
    const id = await runtime.runSandbox(config);
    const sandbox = await runtime.sandboxStatus(id);
    t.match(sandbox, { id, podUid: 'sandbox-uid', podName: 'sandbox-uid', attempt: 0 });
    t.equal(sandbox.ready, true);
    t.match(sandbox.ips[0], /^[\d.]+$|:/);
    t.equal(sandbox.labels.app, 'contract');
    t.ok((await runtime.listSandboxes()).some((each) => each.id === id));
    await runtime.stopSandbox(id);
    await runtime.stopSandbox(id);
    t.equal((await runtime.sandboxStatus(id)).ready, false);
    await runtime.removeSandbox(id);
    await runtime.removeSandbox(id);
    await t.rejects(runtime.sandboxStatus(id), { code: 'ERR_RUNTIME_NOT_FOUND' });
  });

  await t.test('a container runs, is executed in, and stops', async (t) => {
    const config = sandboxFor(options, 'run-uid');
    const sandboxId = await runtime.runSandbox(config);
    t.teardown(() => runtime.removeSandbox(sandboxId));
    const wanted = containerFor(options, 'run-uid', 'main', imageRef, options.runForever);
    const id = await runtime.createContainer(sandboxId, wanted, config);
    t.equal((await runtime.containerStatus(id)).state, 'created');
    await runtime.startContainer(id);
    const running = await runtime.containerStatus(id);
    t.match(running, { id, sandboxId, name: 'main', attempt: 0, state: 'running', exitCode: 0 });
    t.ok(running.startedAtMs >= running.createdAtMs);
    t.equal(running.labels['io.kubernetes.container.name'], 'main');
    t.ok((await runtime.listContainers()).some((each) => each.id === id));
    t.equal((await runtime.execSync(id, options.succeed, 5000)).exitCode, 0);
    t.ok((await runtime.containerStats()).some((each) => each.id === id));
    await runtime.stopContainer(id, 5);
    await runtime.stopContainer(id, 5);
    const stopped = await runtime.containerStatus(id);
    t.equal(stopped.state, 'exited');
    t.ok(stopped.finishedAtMs >= stopped.startedAtMs);
    await t.rejects(runtime.execSync(id, options.succeed, 5000));
    await runtime.removeContainer(id);
    await runtime.removeContainer(id);
    await t.rejects(runtime.containerStatus(id), { code: 'ERR_RUNTIME_NOT_FOUND' });
  });

  await t.test('exit codes come back and events tell', async (t) => {
    const { command, annotations } = options.exitWith(3);
    const config = sandboxFor(options, 'exit-uid', annotations);
    const events = new AbortController();
    let told = 0;
    const watching = runtime.watchEvents(() => {
      told++;
    }, events.signal);
    const sandboxId = await runtime.runSandbox(config);
    t.teardown(() => runtime.removeSandbox(sandboxId));
    const wanted = containerFor(options, 'exit-uid', 'main', imageRef, command);
    const id = await runtime.createContainer(sandboxId, wanted, config);
    await runtime.startContainer(id);
    t.match(await ended(runtime, id, options.pause), { exitCode: 3, reason: 'Error' });
    await options.pause();
    t.ok(told > 0, 'events were heard');
    events.abort();
    await watching;
  });

  await t.test('a removed sandbox takes its containers along', async (t) => {
    const config = sandboxFor(options, 'gone-uid');
    const sandboxId = await runtime.runSandbox(config);
    const wanted = containerFor(options, 'gone-uid', 'main', imageRef, options.runForever);
    const id = await runtime.createContainer(sandboxId, wanted, config);
    await runtime.startContainer(id);
    await runtime.stopSandbox(sandboxId);
    await runtime.removeSandbox(sandboxId);
    await t.rejects(runtime.containerStatus(id), { code: 'ERR_RUNTIME_NOT_FOUND' });
    await t.rejects(runtime.createContainer(sandboxId, wanted, config), {
      code: 'ERR_RUNTIME_NOT_FOUND',
    });
  });
}
