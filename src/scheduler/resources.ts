// Sums of what pods ask for and nodes offer, by upstream's rules for init containers and sidecars.
import type { Container, Pod } from '../objects.ts';
import { parseQuantity, quantityMilliValue, quantityValue } from '../quantity.ts';
import type { Resources } from './types.ts';

/** What a container that asks for nothing counts as when nodes are scored. */
const leastMilliCpu = 100;
const leastMemoryBytes = 200 * 1024 * 1024;

type Quantities = Readonly<Record<string, string>> | undefined;

export const noResources: Resources = {
  milliCpu: 0,
  memoryBytes: 0,
  ephemeralBytes: 0,
  extended: new Map(),
};

/** @throws QuantityError for what the API's validation does not let through */
export function resourcesOf(list: Quantities): Resources {
  let milliCpu = 0;
  let memoryBytes = 0;
  let ephemeralBytes = 0;
  let extended: Map<string, number> | undefined;
  for (const [name, text] of Object.entries(list ?? {})) {
    const quantity = parseQuantity(text);
    if (name === 'cpu') milliCpu = Number(quantityMilliValue(quantity));
    else if (name === 'memory') memoryBytes = Number(quantityValue(quantity));
    else if (name === 'ephemeral-storage') ephemeralBytes = Number(quantityValue(quantity));
    else if (name !== 'pods') {
      extended ??= new Map();
      extended.set(name, Number(quantityValue(quantity)));
    }
  }
  return { milliCpu, memoryBytes, ephemeralBytes, extended: extended ?? noResources.extended };
}

export function addResources(a: Resources, b: Resources): Resources {
  return combine(a, b, (x, y) => x + y);
}

export function subtractResources(a: Resources, b: Resources): Resources {
  return combine(a, b, (x, y) => x - y);
}

function combine(a: Resources, b: Resources, join: (x: number, y: number) => number): Resources {
  let { extended } = a;
  if (b.extended.size > 0) {
    const joined = new Map(a.extended);
    for (const [name, value] of b.extended) joined.set(name, join(joined.get(name) ?? 0, value));
    extended = joined;
  }
  return {
    milliCpu: join(a.milliCpu, b.milliCpu),
    memoryBytes: join(a.memoryBytes, b.memoryBytes),
    ephemeralBytes: join(a.ephemeralBytes, b.ephemeralBytes),
    extended,
  };
}

/**
 * What a pod needs at its worst moment: all containers and sidecars together, or one init
 * container beside the sidecars that started before it; plus overhead (KEP-753).
 *
 * @param leasts whether empty requests count as upstream's non-zero defaults
 */
export function podRequests(pod: Pod, leasts: boolean): Resources {
  const { spec } = pod;
  const ask = asker(pod, leasts);
  let running = noResources;
  for (const container of spec?.containers ?? []) running = addResources(running, ask(container));
  let sidecars = noResources;
  let starting = noResources;
  for (const container of spec?.initContainers ?? []) {
    const request = ask(container);
    if (container.restartPolicy === 'Always') {
      sidecars = addResources(sidecars, request);
      starting = combine(starting, sidecars, Math.max);
    } else {
      starting = combine(starting, addResources(sidecars, request), Math.max);
    }
  }
  let total = combine(addResources(running, sidecars), starting, Math.max);
  const wholePod = spec?.resources?.requests;
  if (wholePod !== undefined) total = { ...total, ...stated(wholePod) };
  return spec?.overhead === undefined ? total : addResources(total, resourcesOf(spec.overhead));
}

/** Pod-level requests replace the sum for the resources that they name (KEP-2837). */
function stated(list: NonNullable<Quantities>): Partial<Resources> {
  const { milliCpu, memoryBytes } = resourcesOf(list);
  return {
    ...('cpu' in list ? { milliCpu } : {}),
    ...('memory' in list ? { memoryBytes } : {}),
  };
}

/** What one container of the pod asks for, or holds while it is resized in place (KEP-1287). */
function asker(pod: Pod, leasts: boolean): (container: Container) => Resources {
  const { containerStatuses = [], initContainerStatuses = [], conditions } = pod.status ?? {};
  const statuses = new Map(
    [...initContainerStatuses, ...containerStatuses].map((s) => [s.name, s]),
  );
  const resize = conditions?.find(({ type }) => type === 'PodResizePending');
  return (container) => {
    const wanted = container.resources?.requests;
    const status = statuses.get(container.name);
    const held = [status?.resources?.requests, status?.allocatedResources].filter(
      (list) => list !== undefined && !sameQuantities(list, wanted),
    );
    // A resize that the node refused for good asks for nothing.
    const refused = held.length > 0 && resize?.reason === 'Infeasible';
    const resources = held
      .map(resourcesOf)
      .reduce((a, b) => combine(a, b, Math.max), refused ? noResources : resourcesOf(wanted));
    if (!leasts) return resources;
    return {
      ...resources,
      milliCpu: wanted?.cpu === undefined ? leastMilliCpu : resources.milliCpu,
      memoryBytes: wanted?.memory === undefined ? leastMemoryBytes : resources.memoryBytes,
    };
  };
}

function sameQuantities(a: NonNullable<Quantities>, b: Quantities): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b ?? {}).length && names.every((n) => a[n] === b?.[n]);
}
