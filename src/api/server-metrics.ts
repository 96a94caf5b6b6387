// What the server shows of its store and its process: objects by kind, storage latency, process_*.
import { readdirSync, readFileSync } from 'node:fs';
import type { Metrics } from '../metrics.ts';
import type { ResourceRegistry } from '../registry/engine/resource-registry.ts';
import type { Driver } from '../storage/driver.ts';

const storageBuckets = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45,
  60,
];

/** Gauges of what is stored, worked out whenever somebody looks. */
export function showStoredObjects(metrics: Metrics, registry: ResourceRegistry): void {
  const help =
    'Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.';
  const storage = metrics.gauge({
    name: 'apiserver_storage_objects',
    help: `[DEPRECATED, consider using apiserver_resource_objects instead] ${help}`,
    labels: ['resource'],
    stability: 'STABLE',
  });
  const objects = metrics.gauge({
    name: 'apiserver_resource_objects',
    help,
    labels: ['group', 'resource'],
  });
  const sizes = metrics.gauge({
    name: 'apiserver_resource_size_estimate_bytes',
    help: 'Estimated size of stored objects in database. Estimate is based on sum of last observed sizes of serialized objects. In case of a fetching error, the value will be -1.',
    labels: ['group', 'resource'],
  });
  metrics.onCollect(() => {
    for (const family of [storage, objects, sizes]) family.clear();
    for (const { served, store } of registry.list()) {
      const { plural, virtual, groups } = served.resource;
      if (virtual === true) continue;
      const group = groups[0]?.group ?? '';
      storage.with(group === '' ? plural : `${plural}.${group}`).set(store.cache.size);
      objects.with(group, plural).set(store.cache.size);
      sizes.with(group, plural).set(store.cache.bytes);
    }
  });
}

/** The store with its calls counted and timed as upstream counts etcd's. */
export function timedDriver(driver: Driver, metrics: Metrics): Driver {
  const labels = ['operation', 'group', 'resource'];
  const seconds = metrics.histogram({
    name: 'etcd_request_duration_seconds',
    help: 'Etcd request latency in seconds for each operation and object type.',
    labels,
    buckets: storageBuckets,
  });
  const requests = metrics.counter({
    name: 'etcd_requests_total',
    help: 'Etcd request counts for each operation and object type.',
    labels,
  });
  const errors = metrics.counter({
    name: 'etcd_request_errors_total',
    help: 'Etcd failed request counts for each operation and object type.',
    labels,
  });
  async function timed<T>(operation: string, key: string, work: Promise<T>): Promise<T> {
    const startMs = performance.now();
    const [group = '', resource = ''] = kindOf(key);
    try {
      return await work;
    } catch (error) {
      errors.with(operation, group, resource).add();
      throw error;
    } finally {
      seconds.with(operation, group, resource).observe((performance.now() - startMs) / 1000);
      requests.with(operation, group, resource).add();
    }
  }
  return {
    range: (prefix, options) => timed('list', prefix, driver.range(prefix, options)),
    get: (key, options) => timed('get', key, driver.get(key, options)),
    compareAndSwap: (key, expected, value, options) => {
      const operation = value === undefined ? 'delete' : expected === 0 ? 'create' : 'update';
      return timed(operation, key, driver.compareAndSwap(key, expected, value, options));
    },
    watch: (prefix, from, handlers) => driver.watch(prefix, from, handlers),
    currentRevision: () => driver.currentRevision(),
    requestProgress: () => driver.requestProgress(),
    get compacted() {
      return driver.compacted;
    },
    compact: (revision) => driver.compact(revision),
    fork: () => driver.fork(),
    close: () => driver.close(),
  };
}

/** process_* as every Go program shows them, and which build this is. */
export function showProcess(metrics: Metrics, gitVersion: string): void {
  const number = (name: string, help: string) => metrics.gauge({ name, help }).with();
  const cpu = metrics
    .counter({
      name: 'process_cpu_seconds_total',
      help: 'Total user and system CPU time spent in seconds.',
    })
    .with();
  const resident = number('process_resident_memory_bytes', 'Resident memory size in bytes.');
  const virtual = number('process_virtual_memory_bytes', 'Virtual memory size in bytes.');
  const files = number('process_open_fds', 'Number of open file descriptors.');
  const filesMax = number('process_max_fds', 'Maximum number of open file descriptors.');
  number(
    'process_start_time_seconds',
    'Start time of the process since unix epoch in seconds.',
  ).set(performance.timeOrigin / 1000);
  const [, major = '1', minor = '36'] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  metrics
    .gauge({
      name: 'kubernetes_build_info',
      help: "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
      labels: ['major', 'minor', 'git_version', 'compiler', 'platform'],
    })
    .with(major, minor, gitVersion, 'node', `${process.platform}/${process.arch}`)
    .set(1);
  metrics.onCollect(() => {
    const { user, system } = process.cpuUsage();
    cpu.set((user + system) / 1e6);
    resident.set(process.memoryUsage.rss());
    // Only Linux tells the rest, in files.
    virtual.set(firstNumber('/proc/self/statm', /^(\d+)/) * 4096);
    filesMax.set(firstNumber('/proc/self/limits', /Max open files\s+(\d+)/));
    files.set(openFiles());
  });
}

function firstNumber(file: string, pattern: RegExp): number {
  try {
    return Number(pattern.exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

/** The group and resource of a key: `/registry/apps/deployments/…`, `/registry/core/pods/…`. */
function kindOf(key: string): readonly [string, string] {
  const [, , group = '', resource = ''] = key.split('/', 4);
  return [group === 'core' ? '' : group, resource];
}
