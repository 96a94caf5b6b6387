// A pod's spec, on its own or in a template: every part by its topic, all causes at once.
import type { PodSpec, PodTemplateSpec } from '../../objects.ts';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import {
  validateDns1123Label,
  validateDns1123Subdomain,
  validateQualifiedName,
} from '../metadata/names.ts';
import { invalidEach, validateAnnotations, validateLabels } from '../metadata/object-meta.ts';
import { validateAffinity, validateTopologySpread } from './affinity-validation.ts';
import { validateDnsConfig, validateDnsPolicy, validateHostAliases } from './dns-validation.ts';
import {
  validateContainers,
  validateEphemeralContainers,
  validateInitContainers,
} from './pod-containers-validation.ts';
import { validatePodResourceClaims } from './pod-resource-claims-validation.ts';
import { validateResourceAmount, validateResourceRequirements } from './resource-validation.ts';
import { validatePodSecurityContext } from './security-validation.ts';
import { validateTolerations } from './toleration-validation.ts';
import { checkVolumes, templateOwner, type VolumeOwner } from './volume-validation.ts';

const deadlineMax = 2 ** 31 - 1;
const restartPolicies = ['Always', 'OnFailure', 'Never'];

export function validatePodSpec(
  spec: PodSpec | undefined,
  path: FieldPath,
  owner: VolumeOwner = templateOwner,
): FieldError[] {
  // Containers is not omitted when empty, so a missing spec and an empty one are alike.
  const it: PodSpec = spec ?? { containers: [] };
  const { errors, sound } = checkVolumes(it.volumes ?? [], path.child('volumes'), owner);
  return [
    ...errors,
    ...validateContainers(it.containers ?? [], it, sound, path.child('containers')),
    ...validateInitContainers(it.initContainers ?? [], it, sound, path.child('initContainers')),
    ...validateEphemeralContainers(it, sound, path.child('ephemeralContainers')),
    ...validateResourceRequirements(it.resources, path.child('resources'), true),
    ...validateRestartPolicy(it.restartPolicy, path.child('restartPolicy')),
    ...validateDnsPolicy(it.dnsPolicy, path.child('dnsPolicy')),
    ...validateLabels(it.nodeSelector, path.child('nodeSelector')),
    ...validatePodSecurityContext(it, path),
    ...validateNamedLists(it, path),
    ...validateAffinity(it.affinity, path.child('affinity')),
    ...validateDnsConfig(it, path.child('dnsConfig')),
    ...validatePodResourceClaims(it.resourceClaims ?? [], path.child('resourceClaims')),
    ...validateTopologySpread(
      it.topologySpreadConstraints ?? [],
      path.child('topologySpreadConstraints'),
    ),
    ...validateNames(it, path),
    ...validateTolerations(it.tolerations ?? [], path.child('tolerations')),
    ...validateHostAliases(it.hostAliases ?? [], path.child('hostAliases')),
    ...validateScalars(it, path),
  ];
}

function validateRestartPolicy(policy: string | undefined, path: FieldPath): FieldError[] {
  if (!policy) return [required(path)];
  return restartPolicies.includes(policy) ? [] : [notSupported(path, policy, restartPolicies)];
}

function validateNamedLists(spec: PodSpec, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  (spec.readinessGates ?? []).forEach(({ conditionType = '' }, index) => {
    const own = path.child('readinessGates').index(index).child('conditionType');
    errors.push(...invalidEach(own, conditionType, validateQualifiedName(conditionType)));
  });
  const gates = new Set<string>();
  (spec.schedulingGates ?? []).forEach(({ name = '' }, index) => {
    const own = path.child('schedulingGates').index(index);
    const wrong = invalidEach(own, name, validateQualifiedName(name));
    errors.push(...wrong);
    if (gates.has(name)) errors.push(duplicate(own, name));
    gates.add(name);
  });
  return errors;
}

function validateNames(spec: PodSpec, path: FieldPath): FieldError[] {
  const rules = [
    ['serviceAccountName', validateDns1123Subdomain],
    ['nodeName', validateDns1123Subdomain],
    ['hostname', validateDns1123Label],
    ['subdomain', validateDns1123Label],
    ['priorityClassName', validateDns1123Subdomain],
    ['runtimeClassName', validateDns1123Subdomain],
  ] as const;
  return rules.flatMap(([field, check]) => {
    const value = spec[field];
    return value ? invalidEach(path.child(field), value, check(value)) : [];
  });
}

function validateScalars(spec: PodSpec, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > deadlineMax)) {
    const why = `must be between 1 and ${deadlineMax}, inclusive`;
    errors.push(invalidValue(path.child('activeDeadlineSeconds'), deadline, why));
  }
  const preemption = spec.preemptionPolicy;
  const preemptions = ['Never', 'PreemptLowerPriority'];
  if (preemption !== undefined && !preemptions.includes(preemption)) {
    errors.push(notSupported(path.child('preemptionPolicy'), preemption, preemptions));
  }
  if (spec.os) {
    const systems = ['linux', 'windows'];
    const own = path.child('os');
    if (!spec.os.name) errors.push(required(own.child('name')));
    else if (!systems.includes(spec.os.name)) errors.push(notSupported(own, spec.os.name, systems));
  }
  if (spec.hostUsers === false) {
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const) {
      if (spec[field] !== true) continue;
      const why = 'when `pod.Spec.HostUsers` is false';
      errors.push(forbiddenField(path.child(field), why));
    }
  }
  for (const [name, text] of Object.entries(spec.overhead ?? {})) {
    errors.push(...validateResourceAmount(name, text, path.child('overhead').key(name)));
  }
  return errors;
}

/** The template of a workload: labels, annotations and the pods to be. */
export function validatePodTemplate(
  template: PodTemplateSpec | undefined,
  path: FieldPath,
): FieldError[] {
  const { labels, annotations } = template?.metadata ?? {};
  const errors = [
    ...validateLabels(labels, path.child('labels')),
    ...validateAnnotations(annotations, path.child('annotations')),
    ...validatePodSpec(template?.spec, path.child('spec')),
  ];
  if ((template?.spec?.ephemeralContainers ?? []).length > 0) {
    const why = 'ephemeral containers not allowed in pod template';
    errors.push(forbiddenField(path.child('spec', 'ephemeralContainers'), why));
  }
  return errors;
}
