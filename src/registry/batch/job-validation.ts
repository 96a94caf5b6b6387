// Jobs: a selector made for them, and of their spec only what a running job can follow may change.
import type { Job, JobSpec, PodTemplateSpec } from '../../objects.ts';
import {
  mismatchedTemplateLabels,
  selects,
  specPath,
  templatePath,
} from '../apps/workload-validation.ts';
import { sameJson } from '../engine/json.ts';
import { type FieldError, FieldPath, invalidValue, required } from '../field.ts';
import { validateDns1123Label } from '../metadata/names.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';
import { validateLabelSelector } from '../selector-validation.ts';
import { isConditionTrue } from './job-conditions.ts';
import { jobLabels } from './job-labels.ts';
import { internalFailurePolicy, internalSuccessPolicy } from './job-policy-validation.ts';
import { validateJobTemplate } from './job-spec-validation.ts';

const metadataPath = FieldPath.of('metadata');

export function validateJob(job: Job, _context: unknown, old?: Job): FieldError[] {
  const { spec, metadata } = job;
  const errors = [...validateGeneratedSelector(job, old), ...validateJobSpec(spec)];
  const completions = spec?.completions ?? 0;
  if (spec?.completionMode !== 'Indexed' || completions <= 0) return errors;
  // Pods are named by their index, the last of which is the longest.
  const name = metadata?.name ?? '';
  const hostname = `${name}-${completions - 1}`;
  if (validateDns1123Label(hostname).length > 0) {
    const why = `will not able to create pod with invalid DNS label: ${hostname}`;
    errors.push(invalidValue(metadataPath.child('name'), name, why));
  }
  return errors;
}

export function validateJobSpec(spec: JobSpec | undefined): FieldError[] {
  const it: JobSpec = spec ?? { template: {} };
  const errors = validateJobTemplate(it, specPath);
  const selectorPath = specPath.child('selector');
  if (it.selector) errors.push(...validateLabelSelector(it.selector, selectorPath));
  else errors.push(required(selectorPath));
  if (selects(it.selector, it.template?.metadata?.labels) === false) {
    errors.push(mismatchedTemplateLabels(it.template, templatePath));
  }
  return errors;
}

/** Jobs of old have the unprefixed labels only, and may keep it so. */
function needsPrefixedLabels(old: Job | undefined): boolean {
  const before = old?.spec?.template?.metadata?.labels ?? {};
  return old === undefined || jobLabels.every(({ prefixed }) => Object.hasOwn(before, prefixed));
}

function validateGeneratedSelector(job: Job, old: Job | undefined): FieldError[] {
  const { spec, metadata } = job;
  if (spec?.manualSelector === true || !spec?.selector) return [];
  const errors: FieldError[] = [];
  if (!metadata?.uid) errors.push(required(metadataPath.child('uid')));
  const expected: Record<string, string> = {};
  const labelsPath = templatePath.child('metadata', 'labels');
  const given = spec.template?.metadata?.labels ?? {};
  const forms = needsPrefixedLabels(old)
    ? (['legacy', 'prefixed'] as const)
    : (['legacy'] as const);
  for (const form of forms) {
    for (const label of jobLabels) {
      const wanted = label.value(job);
      const key = label[form];
      expected[key] = wanted;
      const found = given[key];
      const why = `must be '${wanted}'`;
      if (found === undefined) errors.push(required(labelsPath.key(key), why));
      else if (found !== wanted) errors.push(invalidValue(labelsPath.key(key), given, why));
    }
  }
  if (selects(spec.selector, expected) === false) {
    const why = '`selector` not auto-generated';
    errors.push(invalidValue(specPath.child('selector'), spec.selector, why));
  }
  return errors;
}

/** Upstream checks the spec twice on update, and so gives its causes twice. */
export function validateJobUpdate(next: Job, old: Job): FieldError[] {
  const after: JobSpec = next.spec ?? { template: {} };
  const before: JobSpec = old.spec ?? { template: {} };
  const immutable = (field: keyof JobSpec & string, shown: unknown) =>
    sameJson(after[field], before[field])
      ? []
      : [invalidValue(specPath.child(field), shown, 'field is immutable')];
  return [
    ...validateJobSpec(next.spec),
    ...validateCompletions(after, before),
    ...immutable('selector', after.selector),
    ...validateTemplateUpdate(after.template, old),
    ...immutable('completionMode', after.completionMode),
    ...immutable('podFailurePolicy', internalFailurePolicy(after.podFailurePolicy)),
    ...immutable('backoffLimitPerIndex', after.backoffLimitPerIndex),
    ...immutable('managedBy', after.managedBy),
    ...immutable('successPolicy', internalSuccessPolicy(after.successPolicy)),
  ];
}

/** Indexed jobs are elastic: completions and parallelism change together. */
function validateCompletions(next: JobSpec, old: JobSpec): readonly FieldError[] {
  const path = specPath.child('completions');
  if (next.completionMode !== 'Indexed') {
    return validateImmutableField(next.completions, old.completions, path);
  }
  const same = next.completions === undefined || next.completions === old.completions;
  if (same || next.completions === next.parallelism) return [];
  const why = 'can only be modified in tandem with spec.parallelism';
  return [invalidValue(path, next.completions, why)];
}

/** Suspended, with no pods: how its pods are scheduled and what they ask for may still change. */
function isMutable({ spec, status }: Job): boolean {
  const suspended = spec?.suspend === true;
  const stopped =
    status?.startTime === undefined || isConditionTrue(status.conditions, 'Suspended');
  return suspended && stopped && (status?.active ?? 0) === 0;
}

function validateTemplateUpdate(
  next: PodTemplateSpec | undefined,
  old: Job,
): readonly FieldError[] {
  const before = old.spec?.template;
  if (!isMutable(old)) return validateImmutableField(next, before, templatePath);
  const path = specPath.child('template.spec');
  return validateImmutableField(next?.spec, withMutableParts(before?.spec, next?.spec), path);
}

type PodSpec = NonNullable<PodTemplateSpec['spec']>;

/** `old` with everything that may change as it is in `next`. */
function withMutableParts(old: PodSpec | undefined, next: PodSpec | undefined) {
  if (!old || !next) return old;
  const { affinity, nodeSelector: _n, tolerations: _t, schedulingGates: _g, ...kept } = old;
  const { nodeAffinity: _a, ...otherAffinity } = affinity ?? {};
  const nodeAffinity = next.affinity?.nodeAffinity;
  const comparable = { ...otherAffinity, ...(nodeAffinity ? { nodeAffinity } : {}) };
  // An affinity that only held node affinity may go as a whole; an empty one stays one.
  const keepsAffinity = next.affinity !== undefined || Object.keys(comparable).length > 0;
  const { nodeSelector, tolerations, schedulingGates, containers, initContainers } = next;
  return {
    ...kept,
    ...(keepsAffinity ? { affinity: comparable } : {}),
    ...(nodeSelector ? { nodeSelector } : {}),
    ...(tolerations ? { tolerations } : {}),
    ...(schedulingGates ? { schedulingGates } : {}),
    containers: withResources(kept.containers, containers),
    ...(kept.initContainers
      ? { initContainers: withResources(kept.initContainers, initContainers) }
      : {}),
  };
}

type Containers = PodSpec['containers'];

function withResources(old: Containers, next: Containers | undefined): Containers {
  if (next?.length !== old.length) return old;
  return old.map((container, index) => {
    const after = next[index];
    if (after?.name !== container.name) return container;
    const { resources: _, ...rest } = container;
    return after.resources === undefined ? rest : { ...rest, resources: after.resources };
  });
}
