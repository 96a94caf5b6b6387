// What a pod author should hear of, though it is allowed.
import type { Pod, PodSpec, PodTemplateSpec } from '../../objects.ts';
import { FieldPath } from '../field.ts';
import { nodeLabelDeprecation } from './node-label-warnings.ts';
import { volumeWarnings } from './volume-warnings.ts';

function nodeLabelWarnings(spec: PodSpec, path: FieldPath): string[] {
  return Object.keys(spec.nodeSelector ?? {}).flatMap((key) => {
    const why = nodeLabelDeprecation(key);
    return why === undefined ? [] : [`${path.child('nodeSelector').key(key)}: ${why}`];
  });
}

function containerWarnings(spec: PodSpec, path: FieldPath): string[] {
  const warnings: string[] = [];
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      const own = path.child(list).index(index);
      warnings.push(...duplicateEnvWarnings(container.env ?? [], own.child('env')));
      for (const kind of ['limits', 'requests'] as const) {
        for (const [name, amount] of Object.entries(container.resources?.[kind] ?? {})) {
          const fractional =
            (name === 'memory' || name === 'ephemeral-storage') && /m$/.test(amount);
          if (!fractional) continue;
          const amountPath = own.child('resources', kind).key(name);
          warnings.push(
            `${amountPath}: fractional byte value "${amount}" is invalid, must be an integer`,
          );
        }
      }
    }
  }
  return warnings;
}

function duplicateEnvWarnings(
  variables: readonly { readonly name: string; readonly value?: string }[],
  path: FieldPath,
): string[] {
  const warnings: string[] = [];
  const seen = new Set<string>();
  for (const [index, { name, value }] of variables.entries()) {
    // PATH=$(PATH):/more builds on the one before, on purpose.
    if (seen.has(name) && !(value ?? '').includes(`$(${name})`)) {
      warnings.push(
        `${path.index(index)}: hides previous definition of ${JSON.stringify(name)}, ` +
          'which may be dropped when using apply',
      );
    }
    seen.add(name);
  }
  return warnings;
}

function specWarnings(spec: PodSpec, path: FieldPath): string[] {
  const warnings = [...nodeLabelWarnings(spec, path), ...volumeWarnings(spec, path)];
  (spec.hostAliases ?? []).forEach((alias, index) => {
    const before = (spec.hostAliases ?? []).findIndex((other) => other.ip === alias.ip);
    if (before === index) return;
    const own = path.child('hostAliases').index(index).child('ip');
    warnings.push(`${own}: duplicate ip ${JSON.stringify(alias.ip)}`);
  });
  const secrets = new Set<string>();
  (spec.imagePullSecrets ?? []).forEach(({ name = '' }, index) => {
    const own = path.child('imagePullSecrets').index(index);
    if (name === '') warnings.push(`${own}: invalid empty name ""`);
    else if (secrets.has(name))
      warnings.push(`${own.child('name')}: duplicate name ${JSON.stringify(name)}`);
    secrets.add(name);
  });
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    const own = path.child('terminationGracePeriodSeconds');
    const why = 'must be >= 0; negative values are invalid and will be treated as 1';
    warnings.push(`${own}: ${why}`);
  }
  return [...warnings, ...containerWarnings(spec, path)];
}

/** On create only: people rarely write to pods that exist. */
export function podWarnings(pod: Pod, old: Pod | undefined): readonly string[] {
  return pod.spec && old === undefined ? specWarnings(pod.spec, FieldPath.of('spec')) : [];
}

/** `path` is the template's. */
export function podTemplateWarnings(
  template: PodTemplateSpec | undefined,
  path: FieldPath,
): readonly string[] {
  return template?.spec ? specWarnings(template.spec, path.child('spec')) : [];
}
