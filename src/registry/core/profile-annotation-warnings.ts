// Annotations that stood for security profiles before pods had fields for them.
import type { PodSpec } from '../../objects.ts';
import { sameJson } from '../engine/json.ts';
import type { FieldPath } from '../field.ts';
import type { PlacedContainer } from './container-warnings.ts';

const seccompPodKey = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainerPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

type Annotations = Readonly<Record<string, string>>;

export function podProfileWarnings(
  spec: PodSpec,
  annotations: Annotations,
  path: FieldPath,
): string[] {
  if (spec.securityContext?.seccompProfile || annotations[seccompPodKey] === undefined) return [];
  return [retired(path.key(seccompPodKey))];
}

function retired(path: FieldPath): string {
  return `${path}: non-functional in v1.27+; use the "seccompProfile" field instead`;
}

/** `path` is that of the annotations. */
export function containerProfileWarnings(
  { container }: PlacedContainer,
  spec: PodSpec,
  annotations: Annotations,
  path: FieldPath,
  isTemplate: boolean,
): string[] {
  const warnings: string[] = [];
  const seccompKey = `${seccompContainerPrefix}${container.name}`;
  const { seccompProfile, appArmorProfile } = container.securityContext ?? {};
  if (!seccompProfile && annotations[seccompKey] !== undefined) {
    warnings.push(retired(path.key(seccompKey)));
  }
  const appArmorKey = `${appArmorPrefix}${container.name}`;
  const profile = annotations[appArmorKey];
  if (!isTemplate || appArmorProfile || profile === undefined) return warnings;
  const ofPod = spec.securityContext?.appArmorProfile;
  if (ofPod && sameJson(ofPod, profileOf(profile))) return warnings;
  const why = 'deprecated since v1.30; use the "appArmorProfile" field instead';
  return [...warnings, `${path.key(appArmorKey)}: ${why}`];
}

/** The field that an AppArmor annotation stands for. */
function profileOf(annotation: string): unknown {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  const localhostProfile = annotation.startsWith('localhost/') ? annotation.slice(10) : '';
  return localhostProfile === '' ? undefined : { type: 'Localhost', localhostProfile };
}
