// What the node's containers use: /stats/summary, /metrics/resource and /metrics of the kubelet's port.
import os from 'node:os';
import type { Clock } from '../../clock.ts';
import { containerNameLabel, podUidLabel } from '../kubelet/labels.ts';
import { identityOf } from '../kubelet/pod.ts';
import type { ContainerStats, Runtime } from '../runtime.ts';
import type { PodLookup } from './targets.ts';

export interface StatsSource {
  readonly runtime: Runtime;
  readonly pods: PodLookup;
  readonly clock: Clock;
  readonly nodeName: string;
  readonly startedAtMs: number;
}

interface Sample {
  readonly stats: ContainerStats;
  readonly name: string;
  readonly podUid: string;
  readonly startedAtMs: number;
  /** Between the last two samples. */
  readonly nanoCores: number | undefined;
}

/** Remembers one earlier sample of each container, for rates. */
export class NodeStats {
  readonly #source: StatsSource;
  #earlier = new Map<string, ContainerStats>();

  constructor(source: StatsSource) {
    this.#source = source;
  }

  /** stats/v1alpha1 Summary. */
  async summary(): Promise<object> {
    const { pods, clock, nodeName, startedAtMs } = this.#source;
    const samples = await this.#sample();
    const time = iso(clock.nowMs());
    return {
      node: { nodeName, startTime: iso(startedAtMs), ...(await this.#nodeUse(time)) },
      pods: pods
        .pods()
        .map((pod) => {
          const { uid, name, namespace } = identityOf(pod);
          const own = samples.filter(({ podUid }) => podUid === uid);
          const startTime = pod.status?.startTime ?? pod.metadata?.creationTimestamp;
          return {
            podRef: { name, namespace, uid },
            ...(startTime === undefined ? {} : { startTime }),
            containers: own.map((sample) => containerUse(sample)),
            cpu: { time, ...total(own) },
            memory: { time, workingSetBytes: sum(own, (s) => s.memoryWorkingSetBytes) },
            'ephemeral-storage': { time, usedBytes: sum(own, (s) => s.writableLayerBytes) },
          };
        })
        .filter(({ containers }) => containers.length > 0),
    };
  }

  /** Prometheus text for metrics-server. */
  async resourceMetrics(): Promise<string> {
    const samples = await this.#sample();
    const cpu: string[] = [];
    const memory: string[] = [];
    const started: string[] = [];
    const byUid = new Map(
      this.#source.pods.pods().map((pod) => [pod.metadata?.uid, identityOf(pod)]),
    );
    const podCpu: string[] = [];
    const podMemory: string[] = [];
    for (const [uid, pod] of byUid) {
      const own = samples.filter(({ podUid }) => podUid === uid);
      if (own.length === 0) continue;
      const of = `namespace="${pod.namespace}",pod="${pod.name}"`;
      for (const { name, stats, startedAtMs } of own) {
        const labels = `{container="${name}",${of}}`;
        cpu.push(`${labels} ${stats.cpuNanoseconds / 1e9} ${stats.timestampMs.toFixed(0)}`);
        memory.push(`${labels} ${stats.memoryWorkingSetBytes} ${stats.timestampMs.toFixed(0)}`);
        started.push(`${labels} ${startedAtMs / 1000}`);
      }
      podCpu.push(`{${of}} ${sum(own, (s) => s.cpuNanoseconds) / 1e9}`);
      podMemory.push(`{${of}} ${sum(own, (s) => s.memoryWorkingSetBytes)}`);
    }
    const node = nodeTotals();
    return [
      metric('container_cpu_usage_seconds_total', 'counter', cpu),
      metric('container_memory_working_set_bytes', 'gauge', memory),
      metric('container_start_time_seconds', 'gauge', started),
      metric('node_cpu_usage_seconds_total', 'counter', [` ${node.cpuSeconds}`]),
      metric('node_memory_working_set_bytes', 'gauge', [` ${node.memoryBytes}`]),
      metric('pod_cpu_usage_seconds_total', 'counter', podCpu),
      metric('pod_memory_working_set_bytes', 'gauge', podMemory),
      metric('resource_scrape_error', 'gauge', [' 0']),
    ].join('');
  }

  /** The kubelet's own. */
  async metrics(): Promise<string> {
    const containers = await this.#source.runtime.listContainers();
    const states = Map.groupBy(containers, ({ state }) => state);
    const memory = process.memoryUsage();
    return [
      metric('kubelet_node_name', 'gauge', [`{node="${this.#source.nodeName}"} 1`]),
      metric('kubelet_running_pods', 'gauge', [` ${await this.#runningPods()}`]),
      metric(
        'kubelet_running_containers',
        'gauge',
        [...states].map(([state, all]) => `{container_state="${state}"} ${all.length}`),
      ),
      metric('kubelet_active_pods', 'gauge', [` ${this.#source.pods.pods().length}`]),
      metric('process_resident_memory_bytes', 'gauge', [` ${memory.rss}`]),
      metric('process_cpu_seconds_total', 'counter', [` ${process.cpuUsage().user / 1e6}`]),
      metric('process_start_time_seconds', 'gauge', [` ${this.#source.startedAtMs / 1000}`]),
    ].join('');
  }

  async #runningPods(): Promise<number> {
    const sandboxes = await this.#source.runtime.listSandboxes();
    return sandboxes.filter(({ ready }) => ready).length;
  }

  async #sample(): Promise<readonly Sample[]> {
    const { runtime } = this.#source;
    const [all, containers] = await Promise.all([
      runtime.containerStats(),
      runtime.listContainers(),
    ]);
    const known = new Map(containers.map((container) => [container.id, container]));
    const earlier = this.#earlier;
    this.#earlier = new Map(all.map((stats) => [stats.id, stats]));
    return all.flatMap((stats) => {
      const container = known.get(stats.id);
      if (container?.state !== 'running') return [];
      const sample: Sample = {
        stats,
        name: container.labels[containerNameLabel] ?? container.name,
        podUid: container.labels[podUidLabel] ?? '',
        startedAtMs: container.createdAtMs,
        nanoCores: rate(earlier.get(stats.id), stats),
      };
      return [sample];
    });
  }

  async #nodeUse(time: string): Promise<object> {
    const { cpuSeconds, memoryBytes, availableBytes } = nodeTotals();
    const images = await this.#source.runtime.imageFilesystem().catch(() => undefined);
    const cpu = { time, usageCoreNanoSeconds: Math.round(cpuSeconds * 1e9) };
    const memory = {
      time,
      availableBytes,
      usageBytes: memoryBytes,
      workingSetBytes: memoryBytes,
    };
    if (images === undefined) return { cpu, memory };
    const imageFs = { time, usedBytes: images.usedBytes, inodesUsed: images.usedInodes };
    return { cpu, memory, runtime: { imageFs } };
  }
}

function containerUse({ name, stats, startedAtMs, nanoCores }: Sample): object {
  const time = iso(stats.timestampMs);
  return {
    name,
    startTime: iso(startedAtMs),
    cpu: {
      time,
      ...(nanoCores === undefined ? {} : { usageNanoCores: nanoCores }),
      usageCoreNanoSeconds: stats.cpuNanoseconds,
    },
    memory: { time, workingSetBytes: stats.memoryWorkingSetBytes },
    rootfs: {
      time,
      usedBytes: stats.writableLayerBytes,
      inodesUsed: stats.writableLayerInodes,
    },
  };
}

function rate(before: ContainerStats | undefined, now: ContainerStats): number | undefined {
  if (before === undefined || now.timestampMs <= before.timestampMs) return undefined;
  const elapsedSeconds = (now.timestampMs - before.timestampMs) / 1000;
  return Math.max(0, Math.round((now.cpuNanoseconds - before.cpuNanoseconds) / elapsedSeconds));
}

function total(samples: readonly Sample[]): object {
  const rates = samples.map(({ nanoCores }) => nanoCores).filter((each) => each !== undefined);
  return {
    ...(rates.length === 0 ? {} : { usageNanoCores: rates.reduce((a, b) => a + b, 0) }),
    usageCoreNanoSeconds: sum(samples, (stats) => stats.cpuNanoseconds),
  };
}

function sum(samples: readonly Sample[], of: (stats: ContainerStats) => number): number {
  return samples.reduce((all, { stats }) => all + of(stats), 0);
}

function nodeTotals(): { cpuSeconds: number; memoryBytes: number; availableBytes: number } {
  let busyMs = 0;
  for (const { times } of os.cpus()) busyMs += times.user + times.nice + times.sys + times.irq;
  const availableBytes = os.freemem();
  return { cpuSeconds: busyMs / 1000, memoryBytes: os.totalmem() - availableBytes, availableBytes };
}

function metric(name: string, type: 'counter' | 'gauge', samples: readonly string[]): string {
  if (samples.length === 0) return '';
  const lines = samples.map((sample) => `${name}${sample}\n`).join('');
  return `# TYPE ${name} ${type}\n${lines}`;
}

function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
