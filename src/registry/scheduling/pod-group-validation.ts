// Checks groups of pods that are scheduled together, by themselves and as templates of workloads.
import type { PodGroup, Workload } from '../../objects.ts';
import {
  duplicate,
  type FieldError,
  FieldPath,
  invalidValue,
  required,
  tooMany,
} from '../field.ts';
import {
  validateDns1123Label,
  validateDns1123Subdomain,
  validatePathSegmentName,
} from '../metadata/names.ts';
import { invalidEach, validateImmutableField } from '../metadata/object-meta.ts';

type Template = NonNullable<Workload['spec']['podGroupTemplates']>[number];
type Policy = Template['schedulingPolicy'];

const specPath = FieldPath.of('spec');
const templatesMax = 8;

/** What gated features would keep is dropped: all of them are off in v1.36. */
export function dropGatedFields(holder: PodGroup['spec'] | Template): void {
  delete holder.schedulingConstraints;
  delete holder.resourceClaims;
  delete holder.disruptionMode;
  delete holder.priorityClassName;
  delete holder.priority;
}

export function validatePodGroup({ spec }: PodGroup): readonly FieldError[] {
  const path = specPath.child('podGroupTemplateRef');
  // Go writes these pointers when they are nil, too.
  const reference = spec?.podGroupTemplateRef ?? undefined;
  const policy = validatePolicy(spec?.schedulingPolicy, specPath.child('schedulingPolicy'));
  if (reference === undefined) return policy;
  const workload = reference.workload ?? undefined;
  if (workload === undefined) {
    return [invalidValue(path, '', 'must specify one of: `workload`'), ...policy];
  }
  const at = path.child('workload');
  const { workloadName = '', podGroupTemplateName = '' } = workload;
  return [
    ...requiredName(workloadName, validateDns1123Subdomain, at.child('workloadName')),
    ...requiredName(podGroupTemplateName, validateDns1123Label, at.child('podGroupTemplateName')),
    ...policy,
  ];
}

export function validatePodGroupUpdate(next: PodGroup, old: PodGroup): readonly FieldError[] {
  return (['podGroupTemplateRef', 'schedulingPolicy'] as const).flatMap((name) => [
    ...validateImmutableField(next.spec[name], old.spec[name], specPath.child(name)),
  ]);
}

export function validateWorkload({ spec }: Workload): readonly FieldError[] {
  const controller = spec?.controllerRef;
  const templates = spec?.podGroupTemplates ?? [];
  const errors: FieldError[] = [];
  if (controller !== undefined) {
    const path = specPath.child('controllerRef');
    const { apiGroup = '', kind, name } = controller;
    if (apiGroup !== '') {
      errors.push(
        ...invalidEach(path.child('apiGroup'), apiGroup, validateDns1123Subdomain(apiGroup)),
      );
    }
    errors.push(...requiredName(kind, validatePathSegmentName, path.child('kind')));
    errors.push(...requiredName(name, validatePathSegmentName, path.child('name')));
  }
  const path = specPath.child('podGroupTemplates');
  if (templates.length > templatesMax) {
    return [...errors, tooMany(path, templates.length, templatesMax)];
  }
  if (templates.length === 0) return [...errors, required(path)];
  const names = new Set<string>();
  templates.forEach(({ name }, index) => {
    if (names.has(name)) errors.push(duplicate(path.index(index), { name }));
    names.add(name);
  });
  templates.forEach(({ name, schedulingPolicy }, index) => {
    const at = path.index(index);
    errors.push(...requiredName(name, validateDns1123Label, at.child('name')));
    errors.push(...validatePolicy(schedulingPolicy, at.child('schedulingPolicy')));
  });
  return errors;
}

export function validateWorkloadUpdate(next: Workload, old: Workload): readonly FieldError[] {
  return (['controllerRef', 'podGroupTemplates'] as const).flatMap((name) => [
    ...validateImmutableField(next.spec[name], old.spec[name], specPath.child(name)),
  ]);
}

/** Pods one by one, or at least so many at once. */
function validatePolicy(policy: Policy | undefined, path: FieldPath): readonly FieldError[] {
  const { basic, gang } = policy ?? {};
  if (basic !== undefined && gang !== undefined) {
    const why = 'must specify exactly one of: `basic`, `gang`';
    return [invalidValue(path, '{basic, gang}', why)];
  }
  if (basic === undefined && gang === undefined) {
    return [invalidValue(path, '', 'must specify one of: `basic`, `gang`')];
  }
  if (gang === undefined) return [];
  const at = path.child('gang', 'minCount');
  if (gang.minCount === 0) return [required(at)];
  if (gang.minCount >= 1) return [];
  return [invalidValue(at, gang.minCount, 'must be greater than or equal to 1')];
}

function requiredName(
  name: string,
  check: (name: string) => readonly string[],
  path: FieldPath,
): readonly FieldError[] {
  return name === '' ? [required(path)] : invalidEach(path, name, check(name));
}
