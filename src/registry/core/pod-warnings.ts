// What a pod author should hear of, though it is allowed.
import type { ObjectMeta, Pod, PodSpec, PodTemplateSpec } from '../../objects.ts';
import { FieldPath } from '../field.ts';
import { validateDns1123Label } from '../metadata/names.ts';
import {
  containerWarnings,
  fractionalWarning,
  placedContainers,
  portWarnings,
} from './container-warnings.ts';
import { ipWarnings } from './ip-validation.ts';
import {
  nodeLabelDeprecation,
  nodePreferenceWarnings,
  nodeSelectorTermWarnings,
} from './node-label-warnings.ts';
import { podStatusWarnings } from './pod-status-validation.ts';
import { containerProfileWarnings, podProfileWarnings } from './profile-annotation-warnings.ts';
import { volumeWarnings } from './volume-warnings.ts';

const sysctlsAnnotation = 'non-functional in v1.11+; use the "sysctls" field instead';
const deprecatedAnnotations: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod':
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': sysctlsAnnotation,
  'security.alpha.kubernetes.io/unsafe-sysctls': sysctlsAnnotation,
};

const matchesNothing = 'a null labelSelector results in matching no pod';

function schedulingWarnings(spec: PodSpec, path: FieldPath): string[] {
  const labels = Object.keys(spec.nodeSelector ?? {}).flatMap((key) => {
    const why = nodeLabelDeprecation(key);
    return why === undefined ? [] : [`${path.child('nodeSelector').key(key)}: ${why}`];
  });
  const affinity = spec.affinity?.nodeAffinity;
  const affinityPath = path.child('affinity', 'nodeAffinity');
  const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const requiredPath = affinityPath.child('requiredDuringSchedulingIgnoredDuringExecution');
  const preferredPath = affinityPath.child('preferredDuringSchedulingIgnoredDuringExecution');
  return [
    ...labels,
    ...(required ?? []).flatMap((term, index) =>
      nodeSelectorTermWarnings(term, requiredPath.child('nodeSelectorTerms').index(index)),
    ),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((term, index) =>
      nodePreferenceWarnings(term.preference, preferredPath.index(index).child('preference')),
    ),
    ...spreadWarnings(spec, path.child('topologySpreadConstraints')),
  ];
}

function spreadWarnings(spec: PodSpec, path: FieldPath): string[] {
  return (spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, index) => {
    const own = path.index(index);
    const why = nodeLabelDeprecation(topologyKey);
    const key = why === undefined ? [] : [`${own.child('topologyKey')}: ${topologyKey} is ${why}`];
    return labelSelector ? key : [...key, `${own.child('labelSelector')}: ${matchesNothing}`];
  });
}

function podAffinityWarnings(spec: PodSpec, path: FieldPath): string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((kind) => {
    const affinity = spec.affinity?.[kind];
    const own = path.child('affinity', kind);
    const required = own.child('requiredDuringSchedulingIgnoredDuringExecution');
    const preferred = own.child('preferredDuringSchedulingIgnoredDuringExecution');
    return [
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((term, index) =>
        term.labelSelector
          ? []
          : [`${required.index(index).child('labelSelector')}: ${matchesNothing}`],
      ),
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((term, index) =>
        term.podAffinityTerm.labelSelector
          ? []
          : [
              `${preferred.index(index).child('podAffinityTerm', 'labelSelector')}: ${matchesNothing}`,
            ],
      ),
    ];
  });
}

/** What a list says twice, by one of its fields. */
function duplicateWarnings(values: readonly string[], what: string, path: FieldPath): string[] {
  return values.flatMap((value, index) =>
    values.indexOf(value) === index
      ? []
      : [`${path.index(index).child(what)}: duplicate ${what} ${JSON.stringify(value)}`],
  );
}

function listWarnings(spec: PodSpec, path: FieldPath): string[] {
  const secrets = (spec.imagePullSecrets ?? []).map(({ name = '' }) => name);
  const secretsPath = path.child('imagePullSecrets');
  const addresses = (spec.hostAliases ?? []).map(({ ip }) => ip);
  return [
    ...duplicateWarnings(addresses, 'ip', path.child('hostAliases')),
    ...duplicateWarnings(secrets, 'name', secretsPath),
    ...secrets.flatMap((name, index) =>
      name === '' ? [`${secretsPath.index(index).child('name')}: invalid empty name ""`] : [],
    ),
    ...['memory', 'ephemeral-storage'].flatMap((name) =>
      fractionalWarning(spec.overhead, name, path.child('overhead')),
    ),
  ];
}

function addressWarnings(spec: PodSpec, path: FieldPath): string[] {
  const servers = path.child('dnsConfig', 'nameservers');
  const aliases = path.child('hostAliases');
  return [
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((ip, index) =>
      ipWarnings(servers.index(index), ip),
    ),
    ...(spec.hostAliases ?? []).flatMap(({ ip }, index) =>
      ipWarnings(aliases.index(index).child('ip'), ip),
    ),
  ];
}

/** `path` is the pod's or the template's. */
function warningsOf(
  spec: PodSpec,
  metadata: ObjectMeta | undefined,
  path: FieldPath,
  isTemplate: boolean,
): string[] {
  const specPath = path.child('spec');
  const annotations = metadata?.annotations ?? {};
  const annotationsPath = path.child('metadata', 'annotations');
  const containers = placedContainers(spec, specPath);
  const grace = specPath.child('terminationGracePeriodSeconds');
  return [
    ...schedulingWarnings(spec, specPath),
    ...Object.entries(deprecatedAnnotations).flatMap(([key, why]) =>
      annotations[key] === undefined ? [] : [`${annotationsPath.key(key)}: ${why}`],
    ),
    ...volumeWarnings(spec, specPath),
    ...listWarnings(spec, specPath),
    ...podProfileWarnings(spec, annotations, annotationsPath),
    ...containers.flatMap((placed) => [
      ...containerProfileWarnings(placed, spec, annotations, annotationsPath, isTemplate),
      ...containerWarnings(placed),
    ]),
    ...portWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${grace}: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...podAffinityWarnings(spec, specPath),
    ...addressWarnings(spec, specPath),
  ];
}

/** Of the spec only on create, as people rarely write to pods that exist; and of the status. */
export function podWarnings(
  pod: Pod,
  old: Pod | undefined,
  subresource?: string,
): readonly string[] {
  if (subresource === 'status') return podStatusWarnings(pod);
  if (!pod.spec || old !== undefined) return [];
  const messages = validateDns1123Label(pod.metadata?.name ?? '');
  const name =
    "metadata.name: this is used in the Pod's hostname, which can result in surprising " +
    `behavior; a DNS label is recommended: [${messages.join(' ')}]`;
  return [
    ...(messages.length > 0 ? [name] : []),
    ...warningsOf(pod.spec, pod.metadata, FieldPath.root, false),
  ];
}

/** `path` is the template's. */
export function podTemplateWarnings(
  template: PodTemplateSpec | undefined,
  path: FieldPath,
): readonly string[] {
  return template?.spec ? warningsOf(template.spec, template.metadata, path, true) : [];
}
