// The runtime that runs nothing and says so: sandboxes and containers as records with timers.
import { appendFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Duplex, Readable } from 'node:stream';
import type { Clock, Timer } from '../../clock.ts';
import { sleep } from '../../clock.ts';
import {
  type ContainerConfig,
  type ContainerDetails,
  type ContainerState,
  type ContainerSummary,
  type Image,
  type Runtime,
  type RuntimeEvent,
  RuntimeNotFoundError,
  type Sandbox,
  type SandboxConfig,
  type StreamSession,
} from '../runtime.ts';
import { AddressPool } from './addresses.ts';
import { type Behaviour, behaviourOf } from './behaviour.ts';

export interface SimulatedRuntimeOptions {
  readonly clock: Clock;
  /** The range that pod addresses come from. */
  readonly podCidr?: string;
  /** Sets names apart between runtimes of one process: the node's name. */
  readonly name?: string;
  /** How long a pull takes. */
  readonly pullDelayMs?: number;
}

interface SandboxRecord {
  readonly sandbox: Sandbox;
  readonly config: SandboxConfig;
  ready: boolean;
}

interface ContainerRecord {
  readonly id: string;
  readonly sandboxId: string;
  readonly config: ContainerConfig;
  readonly behaviour: Behaviour;
  readonly podUid: string;
  readonly logDirectory: string;
  readonly createdAtMs: number;
  state: ContainerState;
  startedAtMs: number;
  finishedAtMs: number;
  exitCode: number;
  reason: string;
  timer: Timer | undefined;
  waiters: (() => void)[];
}

/** The one line that a simulated container logs, and that exec and attach print. */
export const simulatedNotice = 'this container is simulated: nothing runs in it';

/** Images whose references start so cannot be pulled, to show ErrImagePull. */
export const absentImagePrefix = 'absent.invalid/';

const capabilities = {
  version: 'simulated://1.0.0',
  userNamespaces: true,
  recursiveReadOnlyMounts: true,
  imageVolumes: true,
  supplementalGroupsPolicy: true,
  stopSignals: true,
} as const;

/** One node's worth of containers that exist only as records; deterministic for a given clock. */
export class SimulatedRuntime implements Runtime {
  readonly #options: SimulatedRuntimeOptions;
  readonly #clock: Clock;
  readonly #addresses: AddressPool;
  readonly #sandboxes = new Map<string, SandboxRecord>();
  readonly #containers = new Map<string, ContainerRecord>();
  readonly #images = new Map<string, Image>();
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  #sequence = 0;

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#addresses = new AddressPool(options.podCidr ?? '10.244.0.0/24');
  }

  async capabilities() {
    return capabilities;
  }

  async status() {
    return { ready: true, reason: '', message: '' };
  }

  async runSandbox(config: SandboxConfig): Promise<string> {
    const id = this.#newId();
    const sandbox: Sandbox = {
      id,
      podName: config.podName,
      podNamespace: config.podNamespace,
      podUid: config.podUid,
      attempt: config.attempt,
      ready: true,
      createdAtMs: this.#clock.nowMs(),
      ips: config.hostNetwork ? [] : [this.#addresses.take()],
      labels: config.labels,
      annotations: config.annotations,
    };
    this.#sandboxes.set(id, { sandbox, config, ready: true });
    this.#emit({ podUid: config.podUid });
    return id;
  }

  async stopSandbox(id: string): Promise<void> {
    const record = this.#sandboxes.get(id);
    if (record === undefined || !record.ready) return;
    for (const container of this.#containers.values()) {
      if (container.sandboxId === id && container.state === 'running') this.#end(container, 137);
    }
    record.ready = false;
    for (const ip of record.sandbox.ips) this.#addresses.give(ip);
    this.#emit({ podUid: record.sandbox.podUid });
  }

  async removeSandbox(id: string): Promise<void> {
    await this.stopSandbox(id);
    for (const container of [...this.#containers.values()]) {
      if (container.sandboxId === id) this.#containers.delete(container.id);
    }
    this.#sandboxes.delete(id);
  }

  async listSandboxes(): Promise<readonly Sandbox[]> {
    return [...this.#sandboxes.values()].map(view);
  }

  async sandboxStatus(id: string): Promise<Sandbox> {
    return view(this.#sandbox(id));
  }

  async createContainer(
    sandboxId: string,
    config: ContainerConfig,
    sandbox: SandboxConfig,
  ): Promise<string> {
    const owner = this.#sandbox(sandboxId);
    if (!owner.ready) throw new Error(`sandbox ${sandboxId} is not running`);
    if (!this.#images.has(config.imageRef)) throw notFound('image', config.imageRef);
    const id = this.#newId();
    this.#containers.set(id, {
      id,
      sandboxId,
      config,
      behaviour: behaviourOf(sandbox.annotations, config.name, config.attempt),
      podUid: sandbox.podUid,
      logDirectory: sandbox.logDirectory,
      createdAtMs: this.#clock.nowMs(),
      state: 'created',
      startedAtMs: 0,
      finishedAtMs: 0,
      exitCode: 0,
      reason: '',
      timer: undefined,
      waiters: [],
    });
    return id;
  }

  async startContainer(id: string): Promise<void> {
    const record = this.#container(id);
    const { behaviour } = record;
    if (behaviour.startDelayMs !== undefined) await sleep(this.#clock, behaviour.startDelayMs);
    if (record.state !== 'created') throw new Error(`container ${id} is in state ${record.state}`);
    if (behaviour.startError !== undefined) {
      record.startedAtMs = this.#clock.nowMs();
      this.#end(record, 128);
      record.reason = 'StartError';
      throw new Error(behaviour.startError);
    }
    record.state = 'running';
    record.startedAtMs = this.#clock.nowMs();
    if (behaviour.exitCode !== undefined || behaviour.oomKilled === true) {
      const code = behaviour.exitCode ?? 137;
      const end = () => this.#end(record, code);
      record.timer = this.#clock.setTimeout(end, behaviour.afterMs ?? 0);
    }
    await this.#log(record);
    this.#emit({ podUid: record.podUid, containerId: id });
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    const record = this.#containers.get(id);
    if (record === undefined || record.state !== 'running') return;
    const graceMs = Math.max(0, graceSeconds * 1000);
    const stopMs = record.behaviour.stopDelayMs ?? 0;
    if (stopMs === 0) {
      this.#end(record, graceMs === 0 ? 137 : 143);
      return;
    }
    const stopped = new Promise<void>((resolve) => record.waiters.push(resolve));
    const killed = stopMs > graceMs;
    this.#clock.setTimeout(
      () => {
        if (record.state === 'running') this.#end(record, killed ? 137 : 143);
      },
      Math.min(stopMs, graceMs),
    );
    await stopped;
  }

  async removeContainer(id: string): Promise<void> {
    const record = this.#containers.get(id);
    if (record === undefined) return;
    if (record.state === 'running') this.#end(record, 137);
    this.#containers.delete(id);
  }

  async updateContainerResources(id: string): Promise<void> {
    this.#container(id);
  }

  async listContainers(): Promise<readonly ContainerSummary[]> {
    return [...this.#containers.values()].map(details);
  }

  async containerStatus(id: string): Promise<ContainerDetails> {
    return details(this.#container(id));
  }

  async reopenLog(id: string): Promise<void> {
    this.#container(id);
  }

  async imageStatus(reference: string): Promise<Image | undefined> {
    return this.#images.get(reference);
  }

  async pullImage(reference: string): Promise<string> {
    if (this.#options.pullDelayMs) await sleep(this.#clock, this.#options.pullDelayMs);
    if (reference.startsWith(absentImagePrefix)) {
      throw new Error(`failed to resolve reference "${reference}": ${reference}: not found`);
    }
    this.#images.set(reference, {
      id: reference,
      tags: [reference],
      digests: [],
      sizeBytes: 1024,
      pinned: false,
    });
    return reference;
  }

  async listImages(): Promise<readonly Image[]> {
    return [...this.#images.values()];
  }

  async removeImage(reference: string): Promise<void> {
    this.#images.delete(reference);
  }

  async imageFilesystem() {
    return { usedBytes: this.#images.size * 1024, usedInodes: this.#images.size, mountpoint: '/' };
  }

  async execSync(id: string, _command: readonly string[], timeoutMs: number) {
    const record = this.#running(id);
    if (timeoutMs < 0) throw new Error('timeout must not be negative');
    return {
      exitCode: record.behaviour.execExitCode ?? 0,
      stdout: Buffer.from(`${simulatedNotice}\n`),
      stderr: new Uint8Array(),
    };
  }

  async exec(id: string): Promise<StreamSession> {
    return session(this.#running(id).behaviour.execExitCode ?? 0);
  }

  async attach(id: string): Promise<StreamSession> {
    this.#running(id);
    return session(0);
  }

  async portForward(sandboxId: string, port: number): Promise<Duplex> {
    this.#sandbox(sandboxId);
    return Duplex.from(Readable.from([Buffer.from(`port ${port}: ${simulatedNotice}\n`)]));
  }

  async containerStats() {
    const timestampMs = this.#clock.nowMs();
    return [...this.#containers.values()]
      .filter((record) => record.state === 'running')
      .map(({ id }) => ({
        id,
        timestampMs,
        cpuNanoseconds: 0,
        memoryWorkingSetBytes: 0,
        writableLayerBytes: 0,
        writableLayerInodes: 0,
      }));
  }

  async watchEvents(onEvent: (event: RuntimeEvent) => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#listeners.add(onEvent);
    await new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    this.#listeners.delete(onEvent);
  }

  async close(): Promise<void> {
    for (const record of this.#containers.values()) record.timer?.cancel();
  }

  /** What probes that need a network get: the behaviour's word, in place of a connection. */
  probe(containerId: string, kind: string): boolean {
    const record = this.#containers.get(containerId);
    if (record === undefined || record.state !== 'running') return false;
    const { behaviour } = record;
    const readyMs = record.startedAtMs + (behaviour.readyAfterMs ?? 0);
    return (behaviour.probes?.[kind] ?? true) && this.#clock.nowMs() >= readyMs;
  }

  #newId(): string {
    const name = Buffer.from(this.#options.name ?? 'node').toString('hex');
    const number = (this.#sequence++).toString(16).padStart(12, '0');
    return (number + name).padEnd(64, '0').slice(0, 64);
  }

  #sandbox(id: string): SandboxRecord {
    const record = this.#sandboxes.get(id);
    if (record === undefined) throw notFound('sandbox', id);
    return record;
  }

  #container(id: string): ContainerRecord {
    const record = this.#containers.get(id);
    if (record === undefined) throw notFound('container', id);
    return record;
  }

  #running(id: string): ContainerRecord {
    const record = this.#container(id);
    if (record.state !== 'running') throw new Error(`container ${id} is not running`);
    return record;
  }

  #end(record: ContainerRecord, exitCode: number): void {
    record.timer?.cancel();
    record.timer = undefined;
    record.state = 'exited';
    record.exitCode = exitCode;
    record.finishedAtMs = this.#clock.nowMs();
    const oomKilled = record.behaviour.oomKilled === true && exitCode === 137;
    record.reason = oomKilled ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error';
    for (const resolve of record.waiters.splice(0)) resolve();
    this.#emit({ podUid: record.podUid, containerId: record.id });
  }

  #emit(event: RuntimeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async #log(record: ContainerRecord): Promise<void> {
    if (record.logDirectory === '') return;
    const file = path.join(record.logDirectory, record.config.logPath);
    const time = new Date(record.startedAtMs).toISOString().replace('Z', '000000Z');
    await mkdir(path.dirname(file), { recursive: true });
    await appendFile(file, `${time} stdout F ${simulatedNotice}\n`);
  }
}

function notFound(what: string, id: string): RuntimeNotFoundError {
  return new RuntimeNotFoundError(`${what} ${JSON.stringify(id)} not found`);
}

function view(record: SandboxRecord): Sandbox {
  return record.ready ? record.sandbox : { ...record.sandbox, ready: false };
}

function details(record: ContainerRecord): ContainerDetails {
  const { config } = record;
  return {
    id: record.id,
    sandboxId: record.sandboxId,
    name: config.name,
    attempt: config.attempt,
    state: record.state,
    labels: config.labels,
    annotations: config.annotations,
    createdAtMs: record.createdAtMs,
    startedAtMs: record.startedAtMs,
    finishedAtMs: record.finishedAtMs,
    exitCode: record.exitCode,
    reason: record.reason,
    message: record.state === 'exited' ? (record.behaviour.terminationMessage ?? '') : '',
    imageName: config.imageName,
    imageId: config.imageRef,
    logPath: record.logDirectory === '' ? '' : path.join(record.logDirectory, config.logPath),
  };
}

function session(exitCode: number): StreamSession {
  return {
    stdout: Readable.from([Buffer.from(`${simulatedNotice}\n`)]),
    resize() {},
    wait: async () => exitCode,
    close() {},
  };
}
