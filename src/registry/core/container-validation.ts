// Containers of every sort: what one may be, and what the containers of a pod may be together.
import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validateDns1123Label, validatePortName, validatePortNumber } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { validateEnv, validateEnvFrom } from './env-validation.ts';
import { type SoundVolumes, validateDevices, validateMounts } from './mount-validation.ts';
import { validateResourceRequirements } from './resource-validation.ts';
import { validateSecurityContext } from './security-validation.ts';
import type { Container, ContainerPort, EphemeralContainer } from './types.ts';
import { validatePullPolicy } from './volume-validation.ts';

type AnyContainer = Container | EphemeralContainer;

function validatePorts(ports: readonly ContainerPort[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const own = path.index(index);
    if (port.name) {
      const wrong = invalidEach(own.child('name'), port.name, validatePortName(port.name));
      errors.push(...wrong);
      if (wrong.length === 0 && names.has(port.name)) {
        errors.push(duplicate(own.child('name'), port.name));
      }
      names.add(port.name);
    }
    const { containerPort } = port;
    if (!containerPort) errors.push(required(own.child('containerPort')));
    else {
      const messages = validatePortNumber(containerPort);
      errors.push(...invalidEach(own.child('containerPort'), containerPort, messages));
    }
    if (port.hostPort) {
      const messages = validatePortNumber(port.hostPort);
      errors.push(...invalidEach(own.child('hostPort'), port.hostPort, messages));
    }
    if (!port.protocol) errors.push(required(own.child('protocol')));
    else if (!['SCTP', 'TCP', 'UDP'].includes(port.protocol)) {
      errors.push(notSupported(own.child('protocol'), port.protocol, ['SCTP', 'TCP', 'UDP']));
    }
  }
  return errors;
}

function validateMessagePolicy(policy: string | undefined, path: FieldPath): FieldError[] {
  const policies = ['FallbackToLogsOnError', 'File'];
  if (!policy) return [required(path)];
  return policies.includes(policy) ? [] : [notSupported(path, policy, policies)];
}

/** What holds for init, regular and ephemeral containers alike. */
export function validateContainerCommon(
  container: AnyContainer,
  volumes: SoundVolumes,
  path: FieldPath,
): FieldError[] {
  const { name = '', image = '' } = container;
  const errors: FieldError[] = [];
  if (name === '') errors.push(required(path.child('name')));
  else errors.push(...invalidEach(path.child('name'), name, validateDns1123Label(name)));
  if (image === '') errors.push(required(path.child('image')));
  else if (image.trim() !== image) {
    const why = 'must not have leading or trailing whitespace';
    errors.push(invalidValue(path.child('image'), image, why));
  }
  const policyPath = path.child('terminationMessagePolicy');
  errors.push(
    ...validateMessagePolicy(container.terminationMessagePolicy, policyPath),
    ...validatePorts(container.ports ?? [], path.child('ports')),
    ...validateEnv(container.env ?? [], path.child('env')),
    ...validateEnvFrom(container.envFrom ?? [], path.child('envFrom')),
    ...validateMounts(container, volumes, path.child('volumeMounts')),
    ...validateDevices(container, volumes, path.child('volumeDevices')),
    ...validatePullPolicy(container.imagePullPolicy ?? '', path.child('imagePullPolicy')),
    ...validateResourceRequirements(container.resources, path.child('resources')),
    ...validateResizePolicy(container, path.child('resizePolicy')),
    ...validateSecurityContext(container.securityContext, path.child('securityContext')),
  );
  return errors;
}

function validateResizePolicy(container: AnyContainer, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const { resourceName, restartPolicy } of container.resizePolicy ?? []) {
    if (seen.has(resourceName)) errors.push(duplicate(path, resourceName));
    seen.add(resourceName);
    if (resourceName !== 'cpu' && resourceName !== 'memory') {
      errors.push(notSupported(path, resourceName, ['cpu', 'memory']));
    }
    const policies = ['NotRequired', 'RestartContainer'];
    if (!restartPolicy) errors.push(required(path));
    else if (!policies.includes(restartPolicy)) {
      errors.push(notSupported(path, restartPolicy, policies));
    }
  }
  return errors;
}

/** Two containers cannot have the same port of the host. */
export function validateHostPortConflicts(
  containers: readonly Container[],
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [containerIndex, container] of containers.entries()) {
    for (const [index, port] of (container.ports ?? []).entries()) {
      if (!port.hostPort) continue;
      const claim = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`;
      const own = path.index(containerIndex).child('ports').index(index).child('hostPort');
      if (seen.has(claim)) errors.push(duplicate(own, claim));
      seen.add(claim);
    }
  }
  return errors;
}

/** On the host's network a container's port is the host's. */
export function validateHostNetworkPorts(
  containers: readonly Container[],
  path: FieldPath,
): FieldError[] {
  return containers.flatMap((container, containerIndex) =>
    (container.ports ?? []).flatMap((port, index) => {
      if (!port.hostPort || port.hostPort === port.containerPort) return [];
      const own = path.index(containerIndex).child('ports').index(index).child('containerPort');
      const why = 'must match `hostPort` when `hostNetwork` is true';
      return [invalidValue(own, port.containerPort, why)];
    }),
  );
}
