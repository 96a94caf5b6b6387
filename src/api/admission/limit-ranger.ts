// LimitRanger: gives containers the defaults of their namespace, and keeps all within its bounds.
import type { Clock } from '../../clock.ts';
import type { LimitRange, PersistentVolumeClaim, Pod, PodSpec } from '../../objects.ts';
import { aggregateContainerResources } from '../../registry/core/pod-resources.ts';
import type { Container } from '../../registry/core/types.ts';
import type { AdmissionAttributes } from '../../registry/engine/types.ts';
import type { ObjectReader } from '../object-reader.ts';
import { type Amounts, amountsOf, refusalsOf } from './limit-constraints.ts';
import type { AdmissionParts, AdmissionPlugin } from './plugin.ts';
import { refuse, targetOf } from './plugin.ts';

const annotation = 'kubernetes.io/limit-ranger';
const emptyForMs = 30_000;
const emptyNamespacesMax = 10_000;

/** Pods are only looked at when they are made or resized: nothing else changes what they ask for. */
function isLimited(attributes: AdmissionAttributes): boolean {
  const { operation, old } = attributes;
  if (operation === 'DELETE' || old?.metadata.deletionTimestamp !== undefined) return false;
  switch (targetOf(attributes)) {
    case 'pods':
      return operation === 'CREATE';
    case 'pods/resize':
      return operation === 'UPDATE';
    case 'persistentvolumeclaims':
      return true;
    default:
      return false;
  }
}

/** The ranges of namespaces; one without any is asked about in earnest only now and then. */
class LimitRanges {
  readonly #objects: ObjectReader;
  readonly #clock: Clock;
  readonly #emptyUntilMs = new Map<string, number>();

  constructor(objects: ObjectReader, clock: Clock) {
    this.#objects = objects;
    this.#clock = clock;
  }

  async of(namespace: string): Promise<readonly LimitRange[]> {
    const known = this.#list(namespace);
    const nowMs = this.#clock.nowMs();
    if (known.length > 0 || nowMs < (this.#emptyUntilMs.get(namespace) ?? 0)) return known;
    await this.#objects.store('', 'limitranges')?.cache.consistent();
    if (this.#emptyUntilMs.size >= emptyNamespacesMax) this.#emptyUntilMs.clear();
    this.#emptyUntilMs.set(namespace, nowMs + emptyForMs);
    return this.#list(namespace);
  }

  #list(namespace: string): readonly LimitRange[] {
    return [...this.#objects.list<LimitRange>('', 'limitranges', namespace)];
  }
}

/** Adds what a container does not say itself; gives the names of what was added. */
function fill(
  container: Container,
  kind: 'requests' | 'limits',
  defaults: Readonly<Record<string, string>>,
): string[] {
  const present = container.resources?.[kind] ?? {};
  const added = Object.keys(defaults).filter((name) => present[name] === undefined);
  if (added.length === 0) return [];
  container.resources = { ...container.resources, [kind]: { ...defaults, ...present } };
  return added.sort();
}

function fillPod(pod: Pod, range: LimitRange): void {
  const items = (range.spec?.limits ?? []).filter(({ type }) => type === 'Container');
  const requests = Object.assign({}, ...items.map(({ defaultRequest }) => defaultRequest));
  const limits = Object.assign({}, ...items.map((item) => item.default));
  const said: string[] = [];
  const lists = [
    ['container', pod.spec?.containers ?? []],
    ['init container', pod.spec?.initContainers ?? []],
  ] as const;
  for (const [what, containers] of lists) {
    for (const container of containers) {
      const say = (names: readonly string[], kind: string) => {
        if (names.length === 0) return;
        said.push(`${names.join(', ')} ${kind} for ${what} ${container.name}`);
      };
      const limited = fill(container, 'limits', limits);
      say(fill(container, 'requests', requests), 'request');
      say(limited, 'limit');
    }
  }
  if (said.length === 0 || pod.metadata === undefined) return;
  const text = `LimitRanger plugin set: ${said.join('; ')}`;
  pod.metadata.annotations = { ...pod.metadata.annotations, [annotation]: text };
}

/** Of a pod as a whole; what it states for itself counts before the sum of its containers. */
function podAmounts(spec: PodSpec, kind: 'requests' | 'limits'): Amounts {
  const amounts = new Map(aggregateContainerResources(spec, kind));
  for (const [name, amount] of amountsOf(spec.resources?.[kind])) {
    if (name === 'cpu' || name === 'memory') amounts.set(name, amount);
  }
  return amounts;
}

function podRefusals({ spec }: Pod, range: LimitRange): string[] {
  if (!spec) return [];
  return (range.spec?.limits ?? []).flatMap((item) => {
    if (item.type === 'Pod') {
      const [requests, limits] = [podAmounts(spec, 'requests'), podAmounts(spec, 'limits')];
      return refusalsOf(item, { requests, limits });
    }
    if (item.type !== 'Container') return [];
    return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ resources }) => {
      const requests = amountsOf(resources?.requests);
      return refusalsOf(item, { requests, limits: amountsOf(resources?.limits) });
    });
  });
}

function claimRefusals({ spec }: PersistentVolumeClaim, range: LimitRange): string[] {
  const demand = { requests: amountsOf(spec?.resources?.requests), limits: amountsOf({}) };
  return (range.spec?.limits ?? [])
    .filter(({ type }) => type === 'PersistentVolumeClaim')
    .flatMap((item) => refusalsOf(item, demand));
}

/** As Go joins several errors into one. */
function joined(refusals: readonly string[]): string {
  const lines = [...new Set(refusals)];
  return lines.length === 1 ? (lines[0] ?? '') : `[${lines.join(', ')}]`;
}

export function limitRanger({ objects, clock }: AdmissionParts): AdmissionPlugin {
  const ranges = new LimitRanges(objects, clock);
  const fillFrom = async ({ object, context }: AdmissionAttributes) => {
    for (const range of await ranges.of(context.namespace)) {
      fillPod(object as unknown as Pod, range);
    }
  };
  const check = async (attributes: AdmissionAttributes) => {
    const isClaim = targetOf(attributes) === 'persistentvolumeclaims';
    const { object, context } = attributes;
    for (const range of await ranges.of(context.namespace)) {
      const refusals = isClaim
        ? claimRefusals(object as unknown as PersistentVolumeClaim, range)
        : podRefusals(object as unknown as Pod, range);
      if (refusals.length > 0) throw refuse(attributes, joined(refusals));
    }
  };
  return {
    name: 'LimitRanger',
    mutate(attributes) {
      const isClaim = targetOf(attributes) === 'persistentvolumeclaims';
      return isLimited(attributes) && !isClaim ? fillFrom(attributes) : undefined;
    },
    validate: (attributes) => (isLimited(attributes) ? check(attributes) : undefined),
  };
}
