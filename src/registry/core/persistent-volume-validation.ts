// PersistentVolumes as wholes: what they may be, what of them may change, and what to warn of.
import { isDeepStrictEqual } from 'node:util';
import type { PersistentVolume } from '../../objects.ts';
import { type FieldError, FieldPath, forbiddenField, invalidValue } from '../field.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';
import { nodeSelectorTermWarnings } from './node-label-warnings.ts';
import {
  type PersistentVolumeSpec,
  persistentSources,
  validatePersistentVolumeSpec,
} from './persistent-volume-spec-validation.ts';
import { objectDiff } from './text-diff.ts';
import type { NodeSelector, NodeSelectorRequirement } from './types.ts';

const specPath = FieldPath.of('spec');
const annotationsPath = FieldPath.of('metadata', 'annotations');
const mountOptionsAnnotation = 'volume.beta.kubernetes.io/mount-options';

/** Kinds of storage that can be mounted with options. */
const mountOptionSources = [
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'nfs',
  'rbd',
  'quobyte',
  'iscsi',
  'cinder',
  'cephfs',
  'azureFile',
  'vsphereVolume',
  'azureDisk',
  'photonPersistentDisk',
] as const;

function validateMountOptions({ metadata, spec }: PersistentVolume): FieldError[] {
  if (metadata?.annotations?.[mountOptionsAnnotation] === undefined) return [];
  if (mountOptionSources.some((source) => spec?.[source])) return [];
  const own = annotationsPath.child(mountOptionsAnnotation);
  return [forbiddenField(own, 'may not specify mount options for this volume type')];
}

function validateSpec(volume: PersistentVolume): FieldError[] {
  return validatePersistentVolumeSpec(volume.spec ?? {}, specPath, volume.metadata?.name ?? '');
}

export function validatePersistentVolume(volume: PersistentVolume): FieldError[] {
  return [...validateSpec(volume), ...validateMountOptions(volume)];
}

/** What holds the data; a secret to grow it with may still be added. */
function sourceOf(spec: PersistentVolumeSpec): Partial<PersistentVolumeSpec> {
  return Object.fromEntries(
    persistentSources.flatMap((kind) => (spec[kind] ? [[kind, spec[kind]]] : [])),
  );
}

function comparableSource(
  next: PersistentVolumeSpec,
  old: PersistentVolumeSpec,
): Partial<PersistentVolumeSpec> {
  const source = sourceOf(next);
  if (!next.csi || !old.csi || old.csi.controllerExpandSecretRef) return source;
  const { controllerExpandSecretRef: _, ...csi } = next.csi;
  return { ...source, csi };
}

/** Labels that a volume's affinity may move on to. */
const stableLabels: ReadonlyMap<string, string> = new Map([
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['beta.kubernetes.io/os', 'kubernetes.io/os'],
  ['beta.kubernetes.io/arch', 'kubernetes.io/arch'],
  ['beta.kubernetes.io/instance-type', 'node.kubernetes.io/instance-type'],
]);

/** `old` where it differs from `next` only by the beta name of the same label. */
function movedOn(
  old: NodeSelector | undefined,
  next: NodeSelector | undefined,
): NodeSelector | undefined {
  if (!old || !next) return old;
  const move = (
    requirement: NodeSelectorRequirement,
    to: NodeSelectorRequirement | undefined,
  ): NodeSelectorRequirement => {
    const key = to?.key;
    const moved = key !== undefined && stableLabels.get(requirement.key) === key;
    return moved ? { ...requirement, key } : requirement;
  };
  const moveAll = (
    list: readonly NodeSelectorRequirement[],
    to: readonly NodeSelectorRequirement[] | undefined,
  ) => list.map((requirement, index) => move(requirement, to?.[index]));
  return {
    nodeSelectorTerms: (old.nodeSelectorTerms ?? []).map((term, index) => {
      const to = next.nodeSelectorTerms?.[index];
      return {
        ...term,
        ...(term.matchExpressions && {
          matchExpressions: moveAll(term.matchExpressions, to?.matchExpressions),
        }),
        ...(term.matchFields && { matchFields: moveAll(term.matchFields, to?.matchFields) }),
      };
    }),
  };
}

/** As Go shows a selector of its internal type. */
function shownSelector(selector: NodeSelector | undefined): unknown {
  const requirements = (list: readonly NodeSelectorRequirement[] | undefined) =>
    list?.map(({ key, operator, values }) => ({
      Key: key,
      Operator: operator,
      Values: values ?? null,
    })) ?? null;
  if (!selector) return null;
  return {
    NodeSelectorTerms: (selector.nodeSelectorTerms ?? []).map((term) => ({
      MatchExpressions: requirements(term.matchExpressions),
      MatchFields: requirements(term.matchFields),
    })),
  };
}

function validateNodeAffinityUpdate(
  next: PersistentVolumeSpec,
  old: PersistentVolumeSpec,
): FieldError[] {
  if (!old.nodeAffinity) return [];
  const [after, before] = [next.nodeAffinity?.required, old.nodeAffinity.required];
  if (next.nodeAffinity && isDeepStrictEqual(after, movedOn(before, after))) return [];
  const value = next.nodeAffinity ? { Required: shownSelector(after) } : undefined;
  const why = 'field is immutable, except for updating from beta label to GA';
  return [invalidValue(FieldPath.of('nodeAffinity'), value, why)];
}

export function validatePersistentVolumeUpdate(
  next: PersistentVolume,
  old: PersistentVolume,
): FieldError[] {
  const [spec, before] = [next.spec ?? {}, old.spec ?? {}];
  // Upstream checks the spec of an update twice, so every cause in it is there twice.
  const errors = validateSpec(next);
  const [source, sourceBefore] = [comparableSource(spec, before), sourceOf(before)];
  if (!isDeepStrictEqual(source, sourceBefore)) {
    const why = 'spec.persistentvolumesource is immutable after creation\n';
    const difference = objectDiff(sourceBefore, source);
    errors.push(forbiddenField(specPath.child('persistentvolumesource'), why + difference));
  }
  errors.push(
    ...validateImmutableField(spec.volumeMode, before.volumeMode, FieldPath.of('volumeMode')),
    ...validateNodeAffinityUpdate(spec, before),
  );
  const { volumeAttributesClassName: attributesClass } = spec;
  if (before.volumeAttributesClassName !== undefined && attributesClass === undefined) {
    const own = specPath.child('volumeAttributesClassName');
    errors.push(forbiddenField(own, 'update from non-nil value to nil is forbidden'));
  }
  return errors;
}

const deprecatedAnnotations = [
  [
    'volume.beta.kubernetes.io/storage-class',
    'deprecated since v1.8; use "storageClassName" attribute instead',
  ],
  [mountOptionsAnnotation, 'deprecated since v1.31; use "mountOptions" attribute instead'],
] as const;

const retiredSources = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const;

export function persistentVolumeWarnings({ metadata, spec = {} }: PersistentVolume): string[] {
  const warnings = deprecatedAnnotations.flatMap(([key, why]) =>
    metadata?.annotations?.[key] === undefined ? [] : [`${annotationsPath.key(key)}: ${why}`],
  );
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') {
    warnings.push(
      `${specPath.child('persistentVolumeReclaimPolicy')}: The Recycle reclaim policy is ` +
        'deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    );
  }
  const terms = specPath.child('nodeAffinity', 'required', 'nodeSelectorTerms');
  for (const [index, term] of (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).entries()) {
    warnings.push(...nodeSelectorTermWarnings(term, terms.index(index)));
  }
  for (const [source, name, why] of retiredSources) {
    if (spec[source]) warnings.push(`${specPath.child(name)}: ${why}`);
  }
  return warnings;
}
