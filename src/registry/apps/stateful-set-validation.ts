// StatefulSets: pods with names and claims of their own, of whose spec little may change.
import { isDeepStrictEqual } from 'node:util';
import type { PodTemplateSpec, StatefulSet } from '../../objects.ts';
import { validateClaimSpec } from '../core/claim-spec-validation.ts';
import { validatePodTemplate } from '../core/pod-spec-validation.ts';
import { validateNonNegative } from '../core/probe-validation.ts';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validateAtMost100Percent, validateIntOrPercent } from '../int-or-percent.ts';
import { validateDns1123Label } from '../metadata/names.ts';
import { invalidEach, validateAnnotations, validateLabels } from '../metadata/object-meta.ts';
import { amountOf } from './rollout-amount.ts';
import {
  mismatchedTemplateLabels,
  selects,
  specPath,
  statusPath,
  templatePath,
  validateCollisionCount,
  validateCounts,
  validateLongRunning,
  validateNotMore,
  validateSelector,
} from './workload-validation.ts';

type Spec = NonNullable<StatefulSet['spec']>;
type RollingUpdate = NonNullable<NonNullable<Spec['updateStrategy']>['rollingUpdate']>;

/** What is stored already may be wrong where it cannot be put right. */
interface Tolerance {
  /** The service's name and the claims. */
  readonly fixed: boolean;
  readonly template: boolean;
}

export function validateStatefulSet(
  { spec }: StatefulSet,
  _context: unknown,
  old?: StatefulSet,
): FieldError[] {
  if (old === undefined) return validateSpec(spec, { fixed: false, template: false });
  const wasWrong = validateSpec(old.spec, { fixed: true, template: false }).length > 0;
  return validateSpec(spec, { fixed: true, template: wasWrong });
}

function validateSpec(spec: Spec | undefined, tolerated: Tolerance): FieldError[] {
  const { serviceName, ordinals, selector, template } = spec ?? {};
  const errors = [
    ...validateManagementPolicy(spec?.podManagementPolicy, specPath.child('podManagementPolicy')),
    ...validateStrategy(spec?.updateStrategy, specPath.child('updateStrategy')),
    ...validateRetention(spec),
    ...(tolerated.fixed ? [] : validateClaims(spec)),
    ...validateCounts(spec, ['replicas', 'minReadySeconds'], specPath),
  ];
  if (ordinals) {
    errors.push(...validateNonNegative(ordinals.start ?? 0, specPath.child('ordinals.start')));
  }
  if (serviceName && !tolerated.fixed) {
    const messages = validateDns1123Label(serviceName);
    errors.push(...invalidEach(specPath.child('serviceName'), serviceName, messages));
  }
  errors.push(...validateSelector(selector, 'statefulset'));
  const selected = selects(selector, template?.metadata?.labels);
  if (selected === undefined) {
    errors.push(invalidValue(specPath.child('selector'), selector, ''));
  } else {
    if (!selected) errors.push(mismatchedTemplateLabels(template, templatePath));
    errors.push(...validateOwnTemplate(spec, tolerated));
  }
  return [...errors, ...validateLongRunning(template, templatePath, 'StatefulSet')];
}

function validateManagementPolicy(policy: string | undefined, path: FieldPath): FieldError[] {
  if (!policy) return [required(path)];
  if (policy === 'OrderedReady' || policy === 'Parallel') return [];
  return [invalidValue(path, policy, "must be 'OrderedReady' or 'Parallel'")];
}

function validateStrategy(strategy: Spec['updateStrategy'], path: FieldPath): FieldError[] {
  const { type = '', rollingUpdate } = strategy ?? {};
  const rollingPath = path.child('rollingUpdate');
  switch (type) {
    case '':
      return [required(path)];
    case 'OnDelete':
      if (!rollingUpdate) return [];
      return [
        invalidValue(
          rollingPath,
          internalRolling(rollingUpdate),
          "only allowed for updateStrategy 'RollingUpdate'",
        ),
      ];
    case 'RollingUpdate':
      return rollingUpdate ? validateRolling(rollingUpdate, rollingPath) : [];
    default: {
      const rolling = rollingUpdate ? internalRolling(rollingUpdate) : null;
      const shown = { Type: type, RollingUpdate: rolling };
      return [invalidValue(path, shown, "must be 'RollingUpdate' or 'OnDelete'")];
    }
  }
}

/** As upstream's internal type is shown. */
function internalRolling({ partition, maxUnavailable }: RollingUpdate) {
  return { Partition: partition ?? 0, MaxUnavailable: maxUnavailable ?? null };
}

function validateRolling(rolling: RollingUpdate, path: FieldPath): FieldError[] {
  const { partition, maxUnavailable } = rolling;
  const errors = validateNonNegative(partition, path.child('partition'));
  if (maxUnavailable === undefined) return errors;
  const own = path.child('maxUnavailable');
  errors.push(...validateIntOrPercent(maxUnavailable, own));
  if (amountOf(maxUnavailable) === 0) {
    errors.push(invalidValue(own, maxUnavailable, 'cannot be 0'));
  }
  return [...errors, ...validateAtMost100Percent(maxUnavailable, own)];
}

function validateRetention(spec: Spec | undefined): FieldError[] {
  const policy = spec?.persistentVolumeClaimRetentionPolicy;
  if (!policy) return [];
  const path = specPath.child('persistentVolumeClaimRetentionPolicy');
  const policies = ['Retain', 'Delete'];
  return (['whenDeleted', 'whenScaled'] as const).flatMap((field) => {
    const value = policy[field] ?? '';
    return policies.includes(value) ? [] : [notSupported(path.child(field), value, policies)];
  });
}

function validateClaims(spec: Spec | undefined): FieldError[] {
  const path = specPath.child('volumeClaimTemplates');
  return (spec?.volumeClaimTemplates ?? []).flatMap((claim, index) =>
    validateClaimSpec(claim.spec ?? {}, path.index(index).child('spec')),
  );
}

/** The template as its pods will be, labels and annotations checked twice as upstream does. */
function validateOwnTemplate(spec: Spec | undefined, tolerated: Tolerance): FieldError[] {
  const { labels, annotations } = spec?.template?.metadata ?? {};
  return [
    ...(tolerated.template ? [] : validatePodTemplate(withClaims(spec), templatePath)),
    ...validateLabels(labels, templatePath.child('labels')),
    ...validateAnnotations(annotations, templatePath.child('annotations')),
  ];
}

/** The controller names each pod and its subdomain, and mounts a claim for each template. */
function withClaims(spec: Spec | undefined): PodTemplateSpec | undefined {
  const template = spec?.template;
  if (!template?.spec) return template;
  const { hostname: _hostname, subdomain: _subdomain, ...podSpec } = template.spec;
  const claims = (spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? '');
  if (claims.length === 0) return { ...template, spec: podSpec };
  const volumes = [
    ...[...new Set(claims)].map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
    ...(podSpec.volumes ?? []).filter(({ name }) => !claims.includes(name)),
  ];
  return { ...template, spec: { ...podSpec, volumes } };
}

const updatableFields = [
  'replicas',
  'template',
  'updateStrategy',
  'minReadySeconds',
  'ordinals',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
] as const;

export function validateStatefulSetUpdate(next: StatefulSet, old: StatefulSet): FieldError[] {
  if (isDeepStrictEqual(fixedPart(next.spec), fixedPart(old.spec))) return [];
  return [
    forbiddenField(
      specPath,
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', " +
        "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and " +
        "'minReadySeconds' are forbidden",
    ),
  ];
}

function fixedPart(spec: Spec | undefined): Partial<Spec> {
  const fixed: Partial<Spec> = { ...spec };
  for (const field of updatableFields) delete fixed[field];
  return fixed;
}

export function validateStatefulSetStatusUpdate(next: StatefulSet, old: StatefulSet): FieldError[] {
  return [
    ...validateCounts(
      next.status,
      [
        'replicas',
        'readyReplicas',
        'currentReplicas',
        'updatedReplicas',
        'availableReplicas',
        'observedGeneration',
        'collisionCount',
      ],
      statusPath,
    ),
    ...validateNotMore(next.status, [
      ['readyReplicas', 'replicas', 'status.replicas'],
      ['currentReplicas', 'replicas', 'status.replicas'],
      ['updatedReplicas', 'replicas', 'status.replicas'],
      ['availableReplicas', 'replicas', 'status.replicas'],
      ['availableReplicas', 'readyReplicas', 'status.readyReplicas'],
    ]),
    ...validateCollisionCount(next.status, old.status),
  ];
}
