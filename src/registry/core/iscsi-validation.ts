// iSCSI sources: the names of target and initiator, the unit, and the secret for CHAP.
import { type FieldError, type FieldPath, invalidValue, required } from '../field.ts';
import { requireSecretName, validateLun } from './volume-source-validation.ts';

interface IscsiSource {
  readonly targetPortal?: string;
  readonly iqn?: string;
  readonly lun?: number;
  readonly chapAuthDiscovery?: boolean;
  readonly chapAuthSession?: boolean;
  readonly initiatorName?: string;
  readonly secretRef?: { readonly name?: string };
}

/** Patterns of the three kinds of names, by their prefix. */
const nameFormats: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.[A-Za-z0-9\-.]+:[^,;*&$|\t\n\f\r ]+$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

const sessionLengthMax = 64;
const tooLongMessage =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if ' +
  'iscsi.initiatorName is specified.';

function validateName(name: string, path: FieldPath, unknownPrefix: string): FieldError[] {
  const format = nameFormats[name.slice(0, 3)];
  if (format === undefined) return [invalidValue(path, name, unknownPrefix)];
  return format.test(name) ? [] : [invalidValue(path, name, 'must be valid format')];
}

/** Whether a session's name, made of the volume's and the portal's, would be too long. */
function sessionNameTooLong(source: IscsiSource, volumeName: string): boolean {
  if (source.initiatorName === undefined) return false;
  return Buffer.byteLength(`${volumeName}:${source.targetPortal ?? ''}`) > sessionLengthMax;
}

/** `ofPortal` and `ofSecret` are what only one of the two kinds of volumes checks. */
function validateCommon(
  source: IscsiSource,
  path: FieldPath,
  unknownPrefix: string,
  ofPortal: readonly FieldError[] = [],
  ofSecret: readonly FieldError[] = [],
): FieldError[] {
  const { targetPortal, iqn, initiatorName, secretRef } = source;
  const errors = targetPortal ? [] : [required(path.child('targetPortal'))];
  errors.push(...ofPortal);
  if (!iqn) errors.push(required(path.child('iqn')));
  else errors.push(...validateName(iqn, path.child('iqn'), unknownPrefix));
  errors.push(...validateLun(source.lun, path.child('lun')));
  if ((source.chapAuthDiscovery === true || source.chapAuthSession === true) && !secretRef) {
    errors.push(required(path.child('secretRef')));
  }
  errors.push(...ofSecret);
  if (initiatorName === undefined) return errors;
  return [...errors, ...validateName(initiatorName, path.child('initiatorname'), unknownPrefix)];
}

/** Of a pod's volume. */
export function validatePodIscsi(source: IscsiSource, path: FieldPath): FieldError[] {
  return validateCommon(source, path, 'must be valid format starting with iqn, eui, or naa');
}

/** What the volume's name adds to that; said even where another source came first. */
export function validatePodIscsiName(
  source: IscsiSource,
  volumeName: string,
  volumePath: FieldPath,
): FieldError[] {
  if (!sessionNameTooLong(source, volumeName)) return [];
  return [invalidValue(volumePath.child('name'), volumeName, tooLongMessage)];
}

/** Of a PersistentVolume called `volumeName`. */
export function validatePersistentIscsi(
  source: IscsiSource,
  path: FieldPath,
  volumeName: string,
): FieldError[] {
  const portal = source.targetPortal ?? '';
  const ofPortal = sessionNameTooLong(source, volumeName)
    ? [invalidValue(path.child('targetportal'), portal, tooLongMessage)]
    : [];
  const ofSecret = requireSecretName(source.secretRef, path.child('secretRef'));
  return validateCommon(source, path, 'must be valid format', ofPortal, ofSecret);
}
