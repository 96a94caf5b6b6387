// The generation of a DaemonSet's template, which apps/v1 keeps in an annotation.
import { isDeepStrictEqual } from 'node:util';
import type { DaemonSet, ObjectMeta } from '../../objects.ts';
import { badRequest } from '../../status.ts';

export const templateGenerationAnnotation = 'deprecated.daemonset.template.generation';

/** Tables and metadata are made of what upstream holds inside: there it is no annotation. */
export function withoutTemplateGeneration(metadata: ObjectMeta): ObjectMeta {
  const { annotations, ...rest } = metadata;
  const { [templateGenerationAnnotation]: _, ...others } = annotations ?? {};
  return Object.keys(others).length === 0 ? rest : { ...metadata, annotations: others };
}

function annotationsOf(daemonSet: DaemonSet): Record<string, string> {
  daemonSet.metadata ??= {};
  daemonSet.metadata.annotations ??= {};
  return daemonSet.metadata.annotations;
}

/** Every DaemonSet shows it, whatever its writer says. */
export function setTemplateGenerationDefault(daemonSet: DaemonSet): void {
  annotationsOf(daemonSet)[templateGenerationAnnotation] ??= '0';
}

/** @throws StatusError where it is no number, as upstream's conversion does */
export function readTemplateGeneration(daemonSet: DaemonSet): bigint {
  const text = daemonSet.metadata?.annotations?.[templateGenerationAnnotation] ?? '0';
  if (/^[-+]?\d+$/.test(text)) {
    const generation = BigInt(text.replace('+', ''));
    if (BigInt.asIntN(64, generation) === generation) return generation;
  }
  const why = /^[-+]?\d+$/.test(text) ? 'value out of range' : 'invalid syntax';
  throw badRequest(
    'DaemonSet in version "v1" cannot be handled as a DaemonSet: ' +
      `strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`,
  );
}

/** New ones start at 1, unless they say that they are older. */
export function startTemplateGeneration(daemonSet: DaemonSet): void {
  const given = readTemplateGeneration(daemonSet);
  annotationsOf(daemonSet)[templateGenerationAnnotation] = String(given < 1n ? 1n : given);
}

/** Counts a change of the template; clients cannot. */
export function countTemplateGeneration(next: DaemonSet, old: DaemonSet): void {
  readTemplateGeneration(next);
  const before = readTemplateGeneration(old);
  const same = isDeepStrictEqual(next.spec?.template, old.spec?.template);
  annotationsOf(next)[templateGenerationAnnotation] = String(same ? before : before + 1n);
}
