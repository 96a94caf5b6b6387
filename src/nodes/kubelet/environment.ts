// A container's environment: services, envFrom, env in order, references and $(VAR) expansion.
import type { Pod, Service } from '../../objects.ts';
import type { References } from '../references.ts';
import { type FieldContext, podField, resourceField } from './fields.ts';
import { ContainerStartError } from './images.ts';
import { identityOf, type PodContainer } from './pod.ts';

/** Replaces `$(NAME)`; `$$` is a literal `$`, and an unknown name stays as it is. */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  if (!text.includes('$')) return text;
  return text.replace(/\$(?:\$|\(([^()]*)\))/g, (whole, name: string | undefined) => {
    if (name === undefined) return '$';
    return lookup(name) ?? whole;
  });
}

function isSelectable(service: Service): boolean {
  const ip = service.spec?.clusterIP;
  return ip !== undefined && ip !== '' && ip !== 'None';
}

/** The variables by which docker links used to name services, and Kubernetes' own two. */
export function serviceEnvironment(services: readonly Service[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const service of services) {
    if (!isSelectable(service)) continue;
    const ip = service.spec?.clusterIP ?? '';
    const host = ip.includes(':') ? `[${ip}]` : ip;
    const name = (service.metadata?.name ?? '').toUpperCase().replaceAll('-', '_');
    const ports = service.spec?.ports ?? [];
    variables[`${name}_SERVICE_HOST`] = ip;
    for (const [index, { port, name: portName, protocol = 'TCP' }] of ports.entries()) {
      const url = `${protocol.toLowerCase()}://${host}:${port}`;
      if (index === 0) {
        variables[`${name}_SERVICE_PORT`] = String(port);
        variables[`${name}_PORT`] = url;
      }
      if (portName) {
        const suffix = portName.toUpperCase().replaceAll('-', '_');
        variables[`${name}_SERVICE_PORT_${suffix}`] = String(port);
      }
      const prefix = `${name}_PORT_${port}_${protocol}`;
      variables[prefix] = url;
      variables[`${prefix}_PROTO`] = protocol.toLowerCase();
      variables[`${prefix}_PORT`] = String(port);
      variables[`${prefix}_ADDR`] = ip;
    }
  }
  return variables;
}

export interface EnvironmentContext extends FieldContext {
  readonly references: References;
  /** Services of a namespace; none where the node has no service network. */
  readonly services: (namespace: string) => readonly Service[];
}

/** Services whose variables `pod` sees: always `default/kubernetes`, its own with service links. */
function visibleServices(pod: Pod, context: EnvironmentContext): readonly Service[] {
  const { namespace } = identityOf(pod);
  const master = context
    .services('default')
    .filter((service) => service.metadata?.name === 'kubernetes');
  if (pod.spec?.enableServiceLinks === false) return master;
  const own = context
    .services(namespace)
    .filter((service) => namespace !== 'default' || service.metadata?.name !== 'kubernetes');
  return [...master, ...own];
}

function refuse(message: string): ContainerStartError {
  return new ContainerStartError('CreateContainerConfigError', message);
}

type EnvFrom = NonNullable<PodContainer['spec']['envFrom']>[number];

async function envFromSource(
  namespace: string,
  source: EnvFrom,
  references: References,
): Promise<Readonly<Record<string, string>>> {
  if (source.configMapRef !== undefined) {
    const { name = '', optional } = source.configMapRef;
    const found = await references.configMap(namespace, name);
    if (found === undefined && optional !== true) throw refuse(`configmap "${name}" not found`);
    return found?.data ?? {};
  }
  if (source.secretRef !== undefined) {
    const { name = '', optional } = source.secretRef;
    const found = await references.secret(namespace, name);
    if (found === undefined && optional !== true) throw refuse(`secret "${name}" not found`);
    return decoded(found?.data);
  }
  return {};
}

function decoded(data: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(data ?? {})) {
    texts[key] = Buffer.from(value, 'base64').toString();
  }
  return texts;
}

type ValueFrom = NonNullable<NonNullable<PodContainer['spec']['env']>[number]['valueFrom']>;

/** The value of one variable's source; undefined when an optional one is missing. */
async function valueFrom(
  pod: Pod,
  container: PodContainer,
  source: ValueFrom,
  context: EnvironmentContext,
): Promise<string | undefined> {
  const { namespace } = identityOf(pod);
  if (source.fieldRef !== undefined) return podField(pod, source.fieldRef.fieldPath, context);
  if (source.resourceFieldRef !== undefined) {
    return resourceField(pod, source.resourceFieldRef, container.spec.name, context);
  }
  if (source.configMapKeyRef !== undefined) {
    const { name = '', key, optional } = source.configMapKeyRef;
    const found = await context.references.configMap(namespace, name);
    const value = found?.data?.[key];
    if (value !== undefined || optional === true) return value;
    if (found === undefined) throw refuse(`configmap "${name}" not found`);
    throw refuse(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
  }
  if (source.secretKeyRef !== undefined) {
    const { name = '', key, optional } = source.secretKeyRef;
    const found = await context.references.secret(namespace, name);
    const value = found?.data?.[key];
    if (value !== undefined) return Buffer.from(value, 'base64').toString();
    if (optional === true) return undefined;
    if (found === undefined) throw refuse(`secret "${name}" not found`);
    throw refuse(`couldn't find key ${key} in Secret ${namespace}/${name}`);
  }
  return undefined;
}

/**
 * Everything a container sees, in order: envFrom, env (each may use what stands before it), then
 * services' variables that nothing else has set.
 */
export async function environment(
  pod: Pod,
  container: PodContainer,
  context: EnvironmentContext,
): Promise<ReadonlyMap<string, string>> {
  const { namespace } = identityOf(pod);
  const services = serviceEnvironment(visibleServices(pod, context));
  const result = new Map<string, string>();
  for (const source of container.spec.envFrom ?? []) {
    const values = await envFromSource(namespace, source, context.references);
    for (const [key, value] of Object.entries(values)) {
      result.set((source.prefix ?? '') + key, value);
    }
  }
  for (const { name, value, valueFrom: source } of container.spec.env ?? []) {
    const lookup = (key: string) => result.get(key) ?? services[key];
    if (source === undefined) {
      result.set(name, expand(value ?? '', lookup));
      continue;
    }
    const found = await valueFrom(pod, container, source, context);
    if (found !== undefined) result.set(name, found);
  }
  for (const [key, value] of Object.entries(services)) {
    if (!result.has(key)) result.set(key, value);
  }
  return result;
}
