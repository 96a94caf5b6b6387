// What the author of a pod should hear of its containers: amounts, variables and ports.
import type { PodSpec } from '../../objects.ts';
import { canonicalQuantity } from '../../quantity.ts';
import type { FieldPath } from '../field.ts';
import { isFractional } from '../quantity-validation.ts';
import type { Container, ContainerPort, EphemeralContainer, ResourceList } from './types.ts';

type AnyContainer = Container | EphemeralContainer;

/** A container with its path. */
export interface PlacedContainer {
  readonly container: AnyContainer;
  readonly path: FieldPath;
}

/** All containers in upstream's order; `path` is the pod spec's. */
export function placedContainers(spec: PodSpec, path: FieldPath): PlacedContainer[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, index) => ({
      container,
      path: path.child(list).index(index),
    })),
  );
}

/** Of memory and storage there are only whole bytes. */
export function fractionalWarning(
  list: ResourceList | undefined,
  name: string,
  path: FieldPath,
): string[] {
  const amount = list?.[name];
  if (amount === undefined || !isFractional(amount)) return [];
  const shown = JSON.stringify(canonicalQuantity(amount));
  return [`${path.key(name)}: fractional byte value ${shown} is invalid, must be an integer`];
}

export function containerWarnings({ container, path }: PlacedContainer): string[] {
  const amounts = ['memory', 'ephemeral-storage'].flatMap((name) =>
    (['limits', 'requests'] as const).flatMap((kind) =>
      fractionalWarning(container.resources?.[kind], name, path.child('resources', kind)),
    ),
  );
  return [...amounts, ...hiddenVariableWarnings(container, path.child('env'))];
}

function hiddenVariableWarnings({ env = [] }: AnyContainer, path: FieldPath): string[] {
  const seen = new Set<string>();
  return env.flatMap(({ name, value = '', valueFrom }, index) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    // PATH=$(PATH):/more builds on the one before, on purpose.
    const reference = `$(${name})`;
    if (!valueFrom && value !== reference && value.includes(reference)) return [];
    const shown = JSON.stringify(name);
    const why = `hides previous definition of ${shown}, which may be dropped when using apply`;
    return [`${path.index(index)}: ${why}`];
  });
}

interface PlacedPort {
  readonly port: ContainerPort;
  readonly path: FieldPath;
}

function placedPorts(containers: readonly PlacedContainer[]): PlacedPort[] {
  return containers.flatMap(({ container, path }) =>
    (container.ports ?? []).map((port, index) => ({
      port,
      path: path.child('ports').index(index),
    })),
  );
}

/** Ports that several containers of a pod claim, and names that several have. */
export function portWarnings(containers: readonly PlacedContainer[]): string[] {
  const ports = placedPorts(containers);
  const claims = ports.flatMap((placed, index) => {
    const others = ports.slice(0, index).filter(({ port }) => sameNumber(port, placed.port));
    return [...hostIpWarning(placed), ...others.flatMap((other) => clash(placed, other))];
  });
  const names = new Map<string, FieldPath>();
  const named = ports.flatMap(({ port: { name = '' }, path }) => {
    const other = names.get(name);
    if (name === '') return [];
    if (other === undefined) {
      names.set(name, path);
      return [];
    }
    const shown = JSON.stringify(name);
    const why = 'services and probes that select ports by name will use';
    return [`${path}: duplicate port name ${shown} with ${other}, ${why} ${other}`];
  });
  return [...claims, ...named];
}

function sameNumber(a: ContainerPort, b: ContainerPort): boolean {
  return a.containerPort === b.containerPort && a.protocol === b.protocol;
}

function hostIpWarning({ port, path }: PlacedPort): string[] {
  const { name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' } = port;
  if (hostIP === '' || hostPort !== 0) return [];
  // As Go prints the struct.
  const shown =
    `{Name:${name} HostPort:0 ContainerPort:${containerPort} ` +
    `Protocol:${protocol} HostIP:${hostIP}}`;
  return [`${path}: hostIP set without hostPort: ${shown}`];
}

function clash({ port, path }: PlacedPort, other: PlacedPort): string[] {
  const { hostIP = '', hostPort = 0 } = port;
  const { hostIP: otherIp = '', hostPort: otherPort = 0 } = other.port;
  const say = (what: string) => [`${path}: ${what} port definition with ${other.path}`];
  if (hostIP === otherIp && hostPort === otherPort) return say('duplicate');
  if (hostPort === 0 || otherPort === 0) return say('overlapping');
  const oneOpen = (hostIP === '') !== (otherIp === '');
  return hostPort === otherPort && oneOpen ? say('dangerously ambiguous') : [];
}
