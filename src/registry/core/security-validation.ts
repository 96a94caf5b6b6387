// Security contexts of pods and containers.

import type { PodSpec } from '../../objects.ts';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import type { PodSecurityContext, SecurityContext } from './types.ts';

const idMax = 2 ** 31 - 1;
const rangeMessage = `must be between 0 and ${idMax}, inclusive`;
const sysctlPattern = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctlRegex = new RegExp(`^${sysctlPattern}$`);
const sysctlLengthMax = 253;

function validateId(id: number | undefined, path: FieldPath): FieldError[] {
  if (id === undefined || (id >= 0 && id <= idMax)) return [];
  return [invalidValue(path, id, rangeMessage)];
}

function validateProfile(
  profile: SecurityContext['seccompProfile'] | SecurityContext['appArmorProfile'],
  path: FieldPath,
  name: 'seccomp' | 'AppArmor',
): FieldError[] {
  if (!profile) return [];
  const { type = '', localhostProfile } = profile;
  const localhostPath = path.child('localhostProfile');
  const types = ['Localhost', 'RuntimeDefault', 'Unconfined'];
  const typeName = name === 'seccomp' ? 'seccomp type' : 'AppArmor type';
  if (!types.includes(type)) {
    if (type === '')
      return [
        required(
          path.child('type'),
          `type is required when ${name === 'seccomp' ? 'seccompProfile' : 'appArmorProfile'} is set`,
        ),
      ];
    return [notSupported(path.child('type'), type, types)];
  }
  if (type === 'Localhost') {
    if (!localhostProfile) {
      return [required(localhostPath, `must be set when ${typeName} is Localhost`)];
    }
    if (name === 'seccomp' && localhostProfile.startsWith('/')) {
      return [invalidValue(localhostPath, localhostProfile, 'must be a relative path')];
    }
    if (name === 'seccomp' && localhostProfile.split('/').includes('..')) {
      return [invalidValue(localhostPath, localhostProfile, "must not contain '..'")];
    }
    return [];
  }
  if (localhostProfile === undefined) return [];
  return [
    invalidValue(localhostPath, localhostProfile, `can only be set when ${typeName} is Localhost`),
  ];
}

/** `path` is the security context's. */
export function validateSecurityContext(
  context: SecurityContext | undefined,
  path: FieldPath,
): FieldError[] {
  if (!context) return [];
  const errors = [
    ...validateId(context.runAsUser, path.child('runAsUser')),
    ...validateId(context.runAsGroup, path.child('runAsGroup')),
  ];
  if (context.procMount !== undefined && !['Default', 'Unmasked'].includes(context.procMount)) {
    errors.push(notSupported(path.child('procMount'), context.procMount, ['Default', 'Unmasked']));
  }
  errors.push(...validateProfile(context.seccompProfile, path.child('seccompProfile'), 'seccomp'));
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true) {
      const why = 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true';
      errors.push(invalidValue(path, context, why));
    }
    if ((context.capabilities?.add ?? []).some((each) => each === 'CAP_SYS_ADMIN')) {
      const why =
        'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
      errors.push(invalidValue(path, context, why));
    }
  }
  errors.push(
    ...validateProfile(context.appArmorProfile, path.child('appArmorProfile'), 'AppArmor'),
  );
  return errors;
}

function validateSysctls(
  sysctls: NonNullable<PodSecurityContext['sysctls']>,
  spec: PodSpec,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, { name = '' }] of sysctls.entries()) {
    const own = path.index(index).child('name');
    if (name === '') errors.push(required(own));
    else if (name.length > sysctlLengthMax || !sysctlRegex.test(name)) {
      const why = `must have at most 253 characters and match regex ^${sysctlPattern}$`;
      errors.push(invalidValue(own, name, why));
    } else if (seen.has(name)) errors.push(duplicate(own, name));
    const dotted = name.replaceAll('/', '.');
    if (spec.hostNetwork === true && dotted.startsWith('net.')) {
      errors.push(invalidValue(own, name, "may not be specified when 'hostNetwork' is true"));
    }
    if (spec.hostIPC === true && /^(kernel\.(shm|msg|sem)|fs\.mqueue\.)/.test(dotted)) {
      errors.push(invalidValue(own, name, "may not be specified when 'hostIPC' is true"));
    }
    seen.add(name);
  }
  return errors;
}

export function validatePodSecurityContext(spec: PodSpec, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const context = spec.securityContext;
  const own = path.child('securityContext');
  if (context) {
    errors.push(...validateId(context.fsGroup, own.child('fsGroup')));
    errors.push(...validateId(context.runAsUser, own.child('runAsUser')));
    errors.push(...validateId(context.runAsGroup, own.child('runAsGroup')));
    (context.supplementalGroups ?? []).forEach((group, index) => {
      errors.push(...validateId(group, own.child('supplementalGroups').index(index)));
    });
  }
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled';
    errors.push(invalidValue(path.child('shareProcessNamespace'), true, why));
  }
  if (!context) return errors;
  errors.push(...validateSysctls(context.sysctls ?? [], spec, own.child('sysctls')));
  const policies = ['Always', 'OnRootMismatch'];
  const policy = context.fsGroupChangePolicy;
  if (policy !== undefined && !policies.includes(policy)) {
    errors.push(notSupported(own.child('fsGroupChangePolicy'), policy, policies));
  }
  const groupPolicies = ['Merge', 'Strict'];
  const groupPolicy = context.supplementalGroupsPolicy;
  if (groupPolicy !== undefined && !groupPolicies.includes(groupPolicy)) {
    errors.push(notSupported(own.child('supplementalGroupsPolicy'), groupPolicy, groupPolicies));
  }
  errors.push(...validateProfile(context.seccompProfile, own.child('seccompProfile'), 'seccomp'));
  if (context.windowsOptions && spec.os?.name === 'linux') {
    const why = 'windows options cannot be set for a linux pod';
    errors.push(forbiddenField(own.child('windowsOptions'), why));
  }
  errors.push(
    ...validateProfile(context.appArmorProfile, own.child('appArmorProfile'), 'AppArmor'),
  );
  return errors;
}
