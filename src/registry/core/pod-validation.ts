// A pod of its own, and what may be written to its status.
import { isIP } from 'node:net';
import type { Pod } from '../../objects.ts';
import { type FieldError, FieldPath, forbiddenField, invalidValue } from '../field.ts';
import { validateDns1123Subdomain } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { validateIp } from './ip-validation.ts';
import { validatePodSpec } from './pod-spec-validation.ts';
import type { ContainerStatus } from './types.ts';

const specPath = FieldPath.of('spec');
const statusPath = FieldPath.of('status');

export function validatePod(pod: Pod): FieldError[] {
  const podName = pod.metadata?.name ?? '';
  return validatePodSpec(pod.spec, specPath, { podName, isPod: true });
}

function terminatedOf(statuses: readonly ContainerStatus[] | undefined) {
  return new Map((statuses ?? []).map((each) => [each.name, each]));
}

/** A container that ended for good stays ended: the kubelet must not bring it back to life. */
function validateNoResurrection(
  next: readonly ContainerStatus[] | undefined,
  old: readonly ContainerStatus[] | undefined,
  path: FieldPath,
  restartPolicy: string | undefined,
): FieldError[] {
  if (restartPolicy === 'Always') return [];
  const errors: FieldError[] = [];
  const before = terminatedOf(old);
  for (const [index, status] of (next ?? []).entries()) {
    const ended = before.get(status.name)?.state?.terminated;
    if (!ended || status.state?.terminated) continue;
    if (ended.exitCode !== 0 && restartPolicy === 'OnFailure') continue;
    const why = 'may not be transitioned to non-terminated state';
    errors.push(forbiddenField(path.index(index).child('state'), why));
  }
  return errors;
}

function validatePodIps({ status }: Pod): FieldError[] {
  const path = statusPath.child('podIPs');
  const ips = (status?.podIPs ?? []).map(({ ip }) => ip);
  const errors = ips.flatMap((ip, index) => validateIp(ip, path.index(index)));
  if (errors.length > 0 || ips.length < 2) return errors;
  const families = new Set(ips.map((ip) => isIP(ip ?? '')));
  if (ips.length > 2 || families.size !== ips.length) {
    const why = 'may specify no more than one IP for each IP family';
    errors.push(invalidValue(path, status?.podIPs, why));
  }
  return errors;
}

export function validatePodStatusUpdate(next: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = [];
  const { status } = next;
  const path = statusPath.child('containerStatuses');
  errors.push(
    ...validateNoResurrection(
      status?.containerStatuses,
      old.status?.containerStatuses,
      path,
      next.spec?.restartPolicy,
    ),
    ...validatePodIps(next),
  );
  const nominated = status?.nominatedNodeName;
  if (nominated) {
    const own = statusPath.child('nominatedNodeName');
    errors.push(...invalidEach(own, nominated, validateDns1123Subdomain(nominated)));
  }
  return errors;
}
