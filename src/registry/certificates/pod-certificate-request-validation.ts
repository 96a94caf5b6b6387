// Checks what a node asks for one of its pods, and the certificate that a signer answers with.
import { constants, type KeyObject, verify } from 'node:crypto';
import type { Condition, PodCertificateRequest } from '../../objects.ts';
import { sameJson } from '../engine/json.ts';
import {
  type FieldError,
  FieldPath,
  invalidOmitted,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../field.ts';
import { validateConditions } from '../metadata/conditions.ts';
import { validateDns1123Subdomain, validateQualifiedName } from '../metadata/names.ts';
import { annotationsTotalBytesMax, invalidEach } from '../metadata/object-meta.ts';
import { validateSignerName } from './certificate-signing-request-validation.ts';
import { validateIssued } from './issued-certificate-validation.ts';
import { isSelfSigned, keyWeakness, publicKey, requestKey } from './request-key.ts';

type Spec = PodCertificateRequest['spec'];

const specPath = FieldPath.of('spec');
const statusPath = FieldPath.of('status');
const uidBytesMax = 128;
const keyBytesMax = 10 * 1024;
const expirationMinSeconds = 60 * 60;
const expirationMaxSeconds = 91 * 24 * 60 * 60;
const kubernetesExpirationMaxSeconds = 24 * 60 * 60;
const decisions = ['Issued', 'Denied', 'Failed'];

export function validatePodRequest({ spec }: PodCertificateRequest): readonly FieldError[] {
  const errors: FieldError[] = [
    ...validateSignerName(spec?.signerName ?? ''),
    ...validateUserAnnotations(spec?.unverifiedUserAnnotations ?? {}),
  ];
  for (const name of ['pod', 'serviceAccount', 'node'] as const) {
    const [nameField, uidField] = [`${name}Name`, `${name}UID`] as const;
    const given = spec?.[nameField] ?? '';
    errors.push(...invalidEach(specPath.child(nameField), given, validateDns1123Subdomain(given)));
    const uid = spec?.[uidField] ?? '';
    if (uid === '') errors.push(invalidValue(specPath.child(uidField), uid, 'must not be empty'));
    if (Buffer.byteLength(uid) > uidBytesMax) {
      errors.push(tooLong(specPath.child(uidField), uidBytesMax));
    }
  }
  const path = specPath.child('maxExpirationSeconds');
  const seconds = spec?.maxExpirationSeconds;
  if (seconds === undefined) return [...errors, required(path, 'must be set')];
  const [domain = ''] = (spec?.signerName ?? '').split('/');
  const isOurs = domain === 'kubernetes.io' || domain.endsWith('.kubernetes.io');
  const max = isOurs ? kubernetesExpirationMaxSeconds : expirationMaxSeconds;
  if (seconds < expirationMinSeconds || seconds > max) {
    const why = `must be in the range [${expirationMinSeconds}, ${max}]`;
    errors.push(invalidValue(path, seconds, why));
  }
  return [...errors, ...validateKey(spec)];
}

function validateUserAnnotations(
  annotations: Readonly<Record<string, string>>,
): readonly FieldError[] {
  const path = specPath.child('unverifiedUserAnnotations');
  const errors = Object.keys(annotations).flatMap((given) => {
    const key = given.toLowerCase();
    if (key === '') return [required(path)];
    const wrong = invalidEach(path, key, validateQualifiedName(key));
    if (wrong.length > 0 || key.includes('/')) return wrong;
    return [invalidValue(path, key, 'must be a domain-prefixed key (such as "acme.io/foo")')];
  });
  const bytes = Object.entries(annotations).reduce(
    (total, [key, value]) => total + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  if (bytes > annotationsTotalBytesMax) errors.push(tooLong(path, annotationsTotalBytesMax));
  return errors;
}

/** A signing request, or (of old) a key and a signature over the pod's UID. */
function validateKey(spec: Spec): readonly FieldError[] {
  const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64');
  const stub = bytes(spec.stubPKCS10Request);
  const pkix = bytes(spec.pkixPublicKey);
  const proof = bytes(spec.proofOfPossession);
  if (stub.length > 0 && pkix.length === 0 && proof.length === 0) return validateStub(stub);
  if (stub.length === 0 && pkix.length > 0 && proof.length > 0) {
    return validatePkix(pkix, proof, spec);
  }
  const why =
    'exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set';
  return [invalidOmitted(specPath, why)];
}

function validateStub(stub: Buffer): readonly FieldError[] {
  const path = specPath.child('stubPKCS10Request');
  if (stub.length > keyBytesMax) return [tooLong(path, keyBytesMax)];
  const key = requestKey(stub);
  if (key === undefined) return [invalidOmitted(path, 'must be a valid PKCS#10 CSR')];
  const weakness = keyWeakness(key, 'P256, P384, or P521');
  if (weakness !== undefined) return [weakKey(path, weakness)];
  return isSelfSigned(stub, key) ? [] : [invalidOmitted(path, 'invalid signature')];
}

function weakKey(
  path: FieldPath,
  { shown, why }: NonNullable<ReturnType<typeof keyWeakness>>,
): FieldError {
  return shown === undefined ? invalidOmitted(path, why) : invalidValue(path, shown, why);
}

function validatePkix(pkix: Buffer, proof: Buffer, spec: Spec): readonly FieldError[] {
  const path = specPath.child('pkixPublicKey');
  const proofPath = specPath.child('proofOfPossession');
  if (pkix.length > keyBytesMax) return [tooLong(path, keyBytesMax)];
  if (proof.length > keyBytesMax) return [tooLong(proofPath, keyBytesMax)];
  const key = publicKey(pkix);
  if (key === undefined) {
    const why = 'must be a valid PKIX-serialized public key';
    return [invalidValue(path, spec.pkixPublicKey, why)];
  }
  const weakness = keyWeakness(key, 'P256 or P384');
  if (weakness !== undefined) return [weakKey(path, weakness)];
  if (proves(key, spec.podUID, proof)) return [];
  return [invalidOmitted(proofPath, 'could not verify proof-of-possession signature')];
}

function proves(key: KeyObject, podUid: string, signature: Buffer): boolean {
  const message = Buffer.from(podUid);
  if (key.asymmetricKeyType === 'ed25519') return verify(null, message, key, signature);
  if (key.asymmetricKeyType === 'ec') return verify('sha256', message, key, signature);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return verify('sha256', message, { key, padding }, signature);
}

/** Nothing, then once a decision; a denial or failure brings nothing but its condition. */
export function validatePodRequestStatus(
  next: PodCertificateRequest,
  old: PodCertificateRequest,
  nowMs: number,
): readonly FieldError[] {
  const conditions = (next.status?.conditions ?? []) as Condition[];
  const errors = [
    ...validateDecisions(conditions),
    ...validateConditions(conditions, statusPath.child('conditions')),
  ];
  if (errors.length > 0) return errors;
  const isDecided = ({ status }: PodCertificateRequest, types: readonly string[]) =>
    (status?.conditions ?? []).some((each) => types.includes(each.type) && each.status === 'True');
  const stands = sameJson(next.status ?? {}, old.status ?? {});
  if (isDecided(old, decisions)) {
    const why = 'immutable after PodCertificateRequest is issued, denied, or failed';
    return stands ? [] : [invalidOmitted(statusPath, why)];
  }
  if (isDecided(next, ['Denied', 'Failed'])) {
    const { conditions: _conditions, ...others } = next.status ?? {};
    const why =
      'non-condition status fields must be empty when denying or failing the PodCertificateRequest';
    return Object.keys(others).length === 0 ? [] : [invalidOmitted(statusPath, why)];
  }
  if (isDecided(next, ['Issued'])) return validateIssued(next, wantedKey(old), nowMs);
  const why = 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"';
  return stands ? [] : [invalidOmitted(statusPath, why)];
}

function wantedKey({ spec }: PodCertificateRequest): KeyObject | undefined {
  const stub = spec.stubPKCS10Request ?? '';
  if (stub !== '') return requestKey(Buffer.from(stub, 'base64'));
  return publicKey(Buffer.from(spec.pkixPublicKey ?? '', 'base64'));
}

/** Upstream writes the index as a name of its own: `conditions.[0]`. */
function validateDecisions(conditions: readonly Condition[]): readonly FieldError[] {
  const errors: FieldError[] = [];
  let known = 0;
  conditions.forEach(({ type, status }, index) => {
    const path = statusPath.child('conditions', `[${index}]`);
    if (!decisions.includes(type)) {
      errors.push(notSupported(path.child('type'), type, decisions));
      return;
    }
    known += 1;
    if (known > 1) {
      const why = 'There may be at most one condition with type "Issued", "Denied", or "Failed"';
      errors.push(invalidValue(path.child('type'), type, why));
    }
    if (status !== 'True') errors.push(notSupported(path.child('status'), status, ['True']));
  });
  return errors;
}
