// The container lists of a pod: regular, init and ephemeral ones, by the rules of each list.
import type { PodSpec } from '../../objects.ts';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notSupported,
  required,
} from '../field.ts';
import {
  validateContainerCommon,
  validateHostNetworkPorts,
  validateHostPortConflicts,
} from './container-validation.ts';
import type { SoundVolumes } from './mount-validation.ts';
import { validateLifecycle, validateProbes } from './probe-validation.ts';
import type { Container } from './types.ts';

function graceSecondsOf(spec: PodSpec): number {
  return spec.terminationGracePeriodSeconds ?? 30;
}

function validateRestartRules(container: Container, path: FieldPath, init: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const policies = ['Always', 'Never', 'OnFailure'];
  const { restartPolicy, restartPolicyRules = [] } = container;
  if (restartPolicy !== undefined && !policies.includes(restartPolicy)) {
    errors.push(notSupported(path.child('restartPolicy'), restartPolicy, policies));
  }
  if (restartPolicyRules.length === 0) return errors;
  const rulesPath = path.child('restartPolicyRules');
  if (restartPolicy === undefined) {
    const why = 'must specify restartPolicy when restart rules are used';
    errors.push(required(path.child('restartPolicy'), why));
  } else if (init && restartPolicy === 'Always') {
    const why = 'restartPolicyRules are not supported for sidecar containers';
    errors.push(forbiddenField(rulesPath, why));
  }
  restartPolicyRules.forEach((rule, index) => {
    const own = rulesPath.index(index);
    if (!['Restart', 'RestartAllContainers'].includes(rule.action)) {
      const actions = ['Restart', 'RestartAllContainers'];
      errors.push(notSupported(own.child('action'), rule.action, actions));
    }
    if (!rule.exitCodes) errors.push(required(own.child('exitCodes')));
  });
  return errors;
}

export function validateContainers(
  containers: readonly Container[],
  spec: PodSpec,
  volumes: SoundVolumes,
  path: FieldPath,
): FieldError[] {
  if (containers.length === 0) return [required(path)];
  const graceSeconds = graceSecondsOf(spec);
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const own = path.index(index);
    errors.push(...validateContainerCommon(container, volumes, own));
    if (names.has(container.name)) errors.push(duplicate(own.child('name'), container.name));
    else names.add(container.name);
    errors.push(
      ...validateLifecycle(container.lifecycle, own.child('lifecycle'), graceSeconds),
      ...validateProbes(container, own, graceSeconds),
      ...validateRestartRules(container, own, false),
    );
  }
  errors.push(...validateHostPortConflicts(containers, path));
  if (spec.hostNetwork === true) errors.push(...validateHostNetworkPorts(containers, path));
  return errors;
}

const sidecarFields = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

export function validateInitContainers(
  containers: readonly Container[],
  spec: PodSpec,
  volumes: SoundVolumes,
  path: FieldPath,
): FieldError[] {
  const graceSeconds = graceSecondsOf(spec);
  const errors: FieldError[] = [];
  const names = new Set((spec.containers ?? []).map((container) => container.name));
  for (const [index, container] of containers.entries()) {
    const own = path.index(index);
    errors.push(...validateContainerCommon(container, volumes, own));
    const { name } = container;
    if (name && names.has(name)) errors.push(duplicate(own.child('name'), name));
    else if (name) names.add(name);
    errors.push(...validateRestartRules(container, own, true));
    // Each init container runs alone: only its own host ports can collide.
    errors.push(...validateHostPortConflicts([container], own));
    if (container.restartPolicy === 'Always') {
      errors.push(
        ...validateLifecycle(container.lifecycle, own.child('lifecycle'), graceSeconds),
        ...validateProbes(container, own, graceSeconds),
      );
      continue;
    }
    for (const field of sidecarFields) {
      if (!container[field]) continue;
      const why = 'may not be set for init containers without restartPolicy=Always';
      errors.push(forbiddenField(own.child(field), why));
    }
  }
  return errors;
}

const ephemeralForbidden = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resources',
  'resizePolicy',
] as const;

export function validateEphemeralContainers(
  spec: PodSpec,
  volumes: SoundVolumes,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const others = new Set(
    [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((each) => each.name),
  );
  const names = new Set<string>();
  for (const [index, container] of (spec.ephemeralContainers ?? []).entries()) {
    const own = path.index(index);
    const { name, targetContainerName } = container;
    errors.push(...validateContainerCommon(container, volumes, own));
    if (name && (names.has(name) || others.has(name))) {
      errors.push(duplicate(own.child('name'), name));
    }
    names.add(name);
    if (targetContainerName && !others.has(targetContainerName)) {
      errors.push(notFoundValue(own.child('targetContainerName'), targetContainerName));
    }
    for (const field of ephemeralForbidden) {
      const value = container[field];
      const empty =
        value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);
      if (empty) continue;
      const why = 'field not allowed in ephemeral containers';
      errors.push(forbiddenField(own.child(field), why));
    }
    for (const [mountIndex, mount] of (container.volumeMounts ?? []).entries()) {
      for (const field of ['subPath', 'subPathExpr'] as const) {
        if (!mount[field]) continue;
        const mountPath = own.child('volumeMounts').index(mountIndex).child(field);
        errors.push(forbiddenField(mountPath, 'cannot be set for an Ephemeral Container'));
      }
    }
    if (container.restartPolicy !== undefined) {
      errors.push(invalidValue(own.child('restartPolicy'), container.restartPolicy, 'not allowed'));
    }
  }
  return errors;
}
