// Downward API: fields of a pod and resources of its containers as text.
import type { Pod } from '../../objects.ts';
import { identityOf } from './pod.ts';
import { quantityMilli, quantityUnits } from './quantity.ts';

export interface FieldContext {
  readonly nodeName: string;
  readonly nodeAddresses: readonly string[];
  readonly podAddresses: readonly string[];
  /** What a container without a limit may use: the node's allocatable. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** A map as downward API files show it: `key="value"` lines, sorted. */
function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

/** The value of `fieldPath`. @throws Error with upstream's words for a path that is not served. */
export function podField(pod: Pod, fieldPath: string, context: FieldContext): string {
  const { uid, namespace, name } = identityOf(pod);
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(fieldPath);
  if (keyed !== null)
    return pod.metadata?.[keyed[1] as 'labels' | 'annotations']?.[keyed[2] ?? ''] ?? '';
  switch (fieldPath) {
    case 'metadata.name':
      return name;
    case 'metadata.namespace':
      return namespace;
    case 'metadata.uid':
      return uid;
    case 'metadata.labels':
      return formatMap(pod.metadata?.labels);
    case 'metadata.annotations':
      return formatMap(pod.metadata?.annotations);
    case 'spec.nodeName':
      return context.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? '';
    case 'status.hostIP':
      return context.nodeAddresses[0] ?? '';
    case 'status.hostIPs':
      return context.nodeAddresses.join(',');
    case 'status.podIP':
      return context.podAddresses[0] ?? '';
    case 'status.podIPs':
      return context.podAddresses.join(',');
    default:
      throw new Error(`unsupported fieldPath: ${fieldPath}`);
  }
}

interface ResourceSelector {
  containerName?: string;
  divisor?: string;
  resource: string;
}

/** A request or limit divided by the divisor and rounded up, as the downward API gives it. */
export function resourceField(
  pod: Pod,
  selector: ResourceSelector,
  ownContainer: string | undefined,
  context: FieldContext,
): string {
  const name = selector.containerName ?? ownContainer ?? '';
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const container = containers.find((each) => each.name === name);
  if (container === undefined) throw new Error(`container ${name} not found`);
  const [kind = '', ...rest] = selector.resource.split('.');
  const resource = rest.join('.');
  const list = kind === 'limits' ? container.resources?.limits : container.resources?.requests;
  const fallback = kind === 'limits' ? context.allocatable[resource] : undefined;
  const limitAsRequest = kind === 'requests' ? container.resources?.limits?.[resource] : undefined;
  const quantity = list?.[resource] ?? limitAsRequest ?? fallback;
  const read = resource === 'cpu' ? quantityMilli : quantityUnits;
  return String(Math.ceil(read(quantity) / (read(selector.divisor) || read('1'))));
}
