// Certificate signing requests: a PEM request, a signer, known usages, and decisions that stay.
import { isDeepStrictEqual } from 'node:util';
import type { CertificateSigningRequest } from '../../objects.ts';
import {
  duplicate,
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validateDns1123Subdomain } from '../metadata/names.ts';
import { validateRequestPem } from './pkcs10.ts';

const specPath = FieldPath.of('spec');
const statusPath = FieldPath.of('status');
const expirationMinSeconds = 600;

const usages: readonly string[] = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

export function validateRequest({ spec, status }: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = [];
  const request = Buffer.from(spec?.request ?? '', 'base64').toString('latin1');
  const why = validateRequestPem(request);
  if (why !== undefined) {
    // Bytes are shown as numbers upstream; their base64 form is what the client sent.
    errors.push(invalidValue(specPath.child('request'), spec?.request ?? '', why));
  }
  const asked = spec?.usages ?? [];
  if (asked.length === 0) errors.push(required(specPath.child('usages')));
  const seen = new Set<string>();
  asked.forEach((usage, index) => {
    const path = specPath.child('usages').index(index);
    if (!usages.includes(usage)) errors.push(notSupported(path, usage, usages));
    if (seen.has(usage)) errors.push(duplicate(path, usage));
    seen.add(usage);
  });
  errors.push(...validateSignerName(spec?.signerName ?? ''));
  const seconds = spec?.expirationSeconds;
  if (seconds !== undefined && seconds < expirationMinSeconds) {
    const path = specPath.child('expirationSeconds');
    errors.push(
      invalidValue(path, seconds, 'may not specify a duration less than 600 seconds (10 minutes)'),
    );
  }
  return [...errors, ...validateConditions(status?.conditions ?? [])];
}

/** `domain/path`: a subdomain of at least two parts, then dot-separated names. */
export function validateSignerName(name: string): FieldError[] {
  const path = specPath.child('signerName');
  if (name === '') return [required(path)];
  const [domain = '', rest, ...more] = name.split('/');
  if (rest === undefined || more.length > 0) {
    const why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    return [invalidValue(path, name, why)];
  }
  const errors: FieldError[] = [];
  if (validateDns1123Subdomain(domain).length > 0) {
    for (const message of validateDns1123Subdomain(domain)) {
      errors.push(invalidValue(path, domain, message));
    }
  } else if (!domain.includes('.')) {
    errors.push(
      invalidValue(path, domain, 'should be a domain with at least two segments separated by dots'),
    );
  }
  for (const message of validateDns1123Subdomain(rest)) {
    errors.push(invalidValue(path, rest, message));
  }
  return errors;
}

type Condition = NonNullable<
  NonNullable<CertificateSigningRequest['status']>['conditions']
>[number];

function validateConditions(conditions: readonly Condition[]): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  let approved = false;
  let denied = false;
  for (const [index, { type, status }] of conditions.entries()) {
    const path = statusPath.child('conditions').index(index);
    if (!type) errors.push(required(path.child('type')));
    const decisive = type === 'Approved' || type === 'Denied' || type === 'Failed';
    if (decisive && status !== 'True') {
      if (!status) errors.push(required(path.child('status')));
      else errors.push(notSupported(path.child('status'), status, ['True']));
    } else if (!['True', 'False', 'Unknown'].includes(status ?? '')) {
      if (!status) errors.push(required(path.child('status')));
      else {
        const all = ['False', 'True', 'Unknown'];
        errors.push(notSupported(path.child('status'), status, all));
      }
    }
    approved ||= type === 'Approved';
    denied ||= type === 'Denied';
    if ((type === 'Approved' && denied) || (type === 'Denied' && approved)) {
      const why = 'Approved and Denied conditions are mutually exclusive';
      errors.push(invalidValue(path.child('type'), type, why));
    }
    if (seen.has(type)) errors.push(duplicate(path.child('type'), type));
    seen.add(type);
  }
  return errors;
}

/** Once approved, denied or failed, it stays so, in so many words. */
function validateKept(
  next: CertificateSigningRequest,
  old: CertificateSigningRequest,
  types: readonly string[],
  mayAdd: readonly string[],
): FieldError[] {
  const path = statusPath.child('conditions');
  return types.flatMap((type) => {
    const find = (request: CertificateSigningRequest) =>
      (request.status?.conditions ?? []).filter((condition) => condition.type === type);
    const before = find(old);
    const after = find(next);
    if (isDeepStrictEqual(before, after)) return [];
    if (before.length > 0 && after.length === 0) {
      return [
        forbiddenField(path, `updates may not remove a condition of type ${JSON.stringify(type)}`),
      ];
    }
    if (before.length > 0) {
      return [
        forbiddenField(path, `updates may not modify a condition of type ${JSON.stringify(type)}`),
      ];
    }
    if (mayAdd.includes(type)) return [];
    return [
      forbiddenField(path, `updates may not add a condition of type ${JSON.stringify(type)}`),
    ];
  });
}

const decisions = ['Approved', 'Denied', 'Failed'];

export function validateRequestUpdate(
  next: CertificateSigningRequest,
  old: CertificateSigningRequest,
): FieldError[] {
  return validateKept(next, old, decisions, []);
}

export function validateRequestStatusUpdate(
  next: CertificateSigningRequest,
  old: CertificateSigningRequest,
): FieldError[] {
  const errors = [
    ...validateConditions(next.status?.conditions ?? []),
    ...validateKept(next, old, decisions, ['Failed']),
  ];
  const before = old.status?.certificate ?? '';
  const after = next.status?.certificate ?? '';
  const path = statusPath.child('certificate');
  if (before !== '' && before !== after) {
    errors.push(forbiddenField(path, 'updates may not change a certificate once it has been set'));
  } else if (after !== before) {
    const pem = Buffer.from(after, 'base64').toString('latin1');
    if (!/-----BEGIN CERTIFICATE-----/.test(pem)) {
      errors.push(
        invalidValue(path, '<certificate data>', 'must contain at least one CERTIFICATE PEM block'),
      );
    }
  }
  return errors;
}

export function validateApprovalUpdate(
  next: CertificateSigningRequest,
  old: CertificateSigningRequest,
): FieldError[] {
  const errors = [
    ...validateConditions(next.status?.conditions ?? []),
    ...validateKept(next, old, decisions, ['Approved', 'Denied']),
  ];
  return errors;
}
