// What may be written to a pod's status.
import { isIP } from 'node:net';
import type { Pod, PodSpec } from '../../objects.ts';
import { type FieldError, FieldPath, forbiddenField, invalidValue } from '../field.ts';
import { validateDns1123Subdomain, validateQualifiedName } from '../metadata/names.ts';
import { invalidEach, validateImmutableField } from '../metadata/object-meta.ts';
import { ipWarnings, validateIp } from './ip-validation.ts';
import type { Container, ContainerStatus, PodCondition } from './types.ts';

const statusPath = FieldPath.of('status');
const systemConditions = ['PodScheduled', 'Ready', 'Initialized'];

export function validatePodStatusUpdate(next: Pod, old: Pod): FieldError[] {
  const status = next.status ?? {};
  const before = old.status ?? {};
  const errors = [
    ...validateConditions(status.conditions ?? [], statusPath.child('conditions')),
    ...validateNominatedNode(next, old),
  ];
  const { observedGeneration = 0 } = status;
  if (observedGeneration < 0) {
    const path = statusPath.child('observedGeneration');
    errors.push(invalidValue(path, observedGeneration, 'must be a non-negative integer'));
  }
  return [
    ...errors,
    ...validateImmutableField(status.qosClass, before.qosClass, statusPath.child('qosClass')),
    ...validateNoResurrection(
      status.containerStatuses ?? [],
      before.containerStatuses ?? [],
      old.spec,
      statusPath.child('containerStatuses'),
    ),
    ...validateAddresses(status.podIPs ?? [], statusPath.child('podIPs')),
    ...validateHostAddresses(next),
  ];
}

function validateConditions(conditions: readonly PodCondition[], path: FieldPath): FieldError[] {
  return conditions.flatMap(({ type, observedGeneration = 0 }, index) => {
    const errors: FieldError[] = [];
    const own = path.index(index);
    if (observedGeneration < 0) {
      const why = 'must be a non-negative integer';
      errors.push(invalidValue(own.child('observedGeneration'), observedGeneration, why));
    }
    if (systemConditions.includes(type)) return errors;
    // Upstream spells the field's Go name here.
    return [...errors, ...invalidEach(own.child('Type'), type, validateQualifiedName(type))];
  });
}

/** Nominations are for pods that wait for a node. */
function validateNominatedNode(next: Pod, old: Pod): FieldError[] {
  const name = next.status?.nominatedNodeName ?? '';
  if (name === '' || name === old.status?.nominatedNodeName) return [];
  const path = statusPath.child('nominatedNodeName');
  const errors = invalidEach(path, name, validateDns1123Subdomain(name));
  if (!old.spec?.nodeName) return errors;
  const why = 'may not be set on pods that are already bound to a node';
  return [...errors, forbiddenField(path, why)];
}

/** A container that ended for good stays ended: the kubelet must not bring it back to life. */
function validateNoResurrection(
  next: readonly ContainerStatus[],
  old: readonly ContainerStatus[],
  spec: PodSpec | undefined,
  path: FieldPath,
): FieldError[] {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const restartsAll = containers.some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'),
  );
  if (restartsAll) return [];
  return old.flatMap(({ name, state }, index) => {
    const exitCode = state?.terminated?.exitCode;
    if (exitCode === undefined) return [];
    const after = next.find((status) => status.name === name);
    if (after === undefined || after.state?.terminated) return [];
    const container = (spec?.containers ?? []).find((each) => each.name === name);
    if (container && mayRestart(container, spec, exitCode)) return [];
    const why = 'may not be transitioned to non-terminated state';
    return [forbiddenField(path.index(index).child('state'), why)];
  });
}

/** By the container's own rules and policy, where it has any, else by the pod's. */
function mayRestart(container: Container, spec: PodSpec | undefined, exitCode: number): boolean {
  const { restartPolicy, restartPolicyRules = [] } = container;
  const rule = restartPolicyRules.find(({ exitCodes }) => {
    if (!exitCodes) return false;
    const listed = (exitCodes.values ?? []).includes(exitCode);
    return exitCodes.operator === 'In' ? listed : exitCodes.operator === 'NotIn' && !listed;
  });
  if (restartPolicy !== undefined && rule?.action === 'Restart') return true;
  const policy = restartPolicy ?? spec?.restartPolicy;
  return policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never';
}

interface Address {
  readonly ip?: string;
}

function validateAddresses(addresses: readonly Address[], path: FieldPath): FieldError[] {
  const ips = addresses.map(({ ip }) => ip);
  const errors = ips.flatMap((ip, index) => validateIp(ip, path.index(index)));
  if (errors.length > 0 || ips.length < 2) return errors;
  const families = new Set(ips.map((ip) => isIP(ip ?? '')));
  if (ips.length === 2 && families.size === 2) return [];
  const why = 'may specify no more than one IP for each IP family';
  return [invalidValue(path, addresses, why)];
}

function validateHostAddresses({ status }: Pod): FieldError[] {
  const addresses = status?.hostIPs ?? [];
  const [first] = addresses;
  if (first === undefined) return [];
  const path = statusPath.child('hostIPs');
  const errors =
    status?.hostIP === first.ip
      ? []
      : [invalidValue(path.index(0).child('ip'), first.ip, 'must be equal to `hostIP`')];
  return [...errors, ...validateAddresses(addresses, path)];
}

export function podStatusWarnings({ status }: Pod): string[] {
  return (['podIPs', 'hostIPs'] as const).flatMap((list) =>
    (status?.[list] ?? []).flatMap(({ ip = '' }: Address, index) =>
      ipWarnings(statusPath.child(list).index(index).child('ip'), ip),
    ),
  );
}
