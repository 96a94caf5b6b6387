// Checks the chain of certificates that a signer gives a pod, and what its status says of it.
import { type KeyObject, X509Certificate } from 'node:crypto';
import type { PodCertificateRequest } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, required, tooLong } from '../field.ts';
import { type PemBlock, pemBlocks } from './pem.ts';

const statusPath = FieldPath.of('status');
const chainPath = statusPath.child('certificateChain');
const chainBytesMax = 100 * 1024;
const minuteMs = 60_000;
const skewMaxMs = 5 * minuteMs;
const lifetimeMinMs = 60 * minuteMs;
const refreshMarginMs = 10 * minuteMs;

/** `key`: what the certificate was asked for. The first thing that is wrong ends it. */
export function validateIssued(
  { spec, status }: PodCertificateRequest,
  key: KeyObject | undefined,
  nowMs: number,
): readonly FieldError[] {
  const chain = status?.certificateChain ?? '';
  if (Buffer.byteLength(chain) > chainBytesMax) return [tooLong(chainPath, chainBytesMax)];
  const refuse = (why: string) => [invalidValue(chainPath, chain, why)];
  const [first, ...others] = pemBlocks(chain);
  if (first === undefined) {
    return refuse('issued certificate chain must contain at least one certificate');
  }
  if (first.type !== 'CERTIFICATE') {
    return refuse('issued certificate chain must consist entirely of CERTIFICATE PEM blocks');
  }
  const leaf = parse(first);
  if (leaf === undefined) return refuse('leaf certificate does not parse as valid X.509');
  const names = validateNames(leaf);
  if (names.length > 0) return names;
  if (key === undefined || !leaf.publicKey.equals(key)) {
    return refuse('leaf certificate was not issued to the requested public key');
  }
  const times = validateTimes(leaf, status, { nowMs, maxSeconds: spec.maxExpirationSeconds });
  if (times.length > 0) return times;
  if (others.some(({ type }) => type !== 'CERTIFICATE')) {
    return refuse('issued certificate chain must consist entirely of CERTFICATE PEM blocks');
  }
  if (others.some((each) => parse(each) === undefined)) {
    return refuse('intermediate certificate does not parse as valid X.509');
  }
  return [];
}

function parse({ bytes }: PemBlock): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes);
  } catch {
    return undefined;
  }
}

/** DNS names as resolvers could take them; what else a certificate is for is the signer's. */
function validateNames({ subjectAltName = '' }: X509Certificate): readonly FieldError[] {
  const names = [...subjectAltName.matchAll(/(?:^|, )DNS:([^,]*)/g)].map(([, name = '']) => name);
  return names.flatMap((name) => {
    const errors: FieldError[] = [];
    const refuse = (why: string) =>
      void errors.push(invalidValue(chainPath, name, `leaf certificate${why}`));
    if (name === '') refuse(' should not contain empty DNSName');
    if (name.includes('..')) refuse("'s DNSName should not contain '..'");
    if (name.startsWith('.') || name.endsWith('.')) {
      refuse("'s DNSName should not start or end with '.'");
    }
    return errors;
  });
}

function validateTimes(
  leaf: X509Certificate,
  status: PodCertificateRequest['status'],
  limits: { readonly nowMs: number; readonly maxSeconds: number | undefined },
): readonly FieldError[] {
  const { notBefore, notAfter, beginRefreshAt } = status ?? {};
  const beforePath = statusPath.child('notBefore');
  const afterPath = statusPath.child('notAfter');
  const refreshPath = statusPath.child('beginRefreshAt');
  const why = 'must be present and consistent with the issued certificate';
  const missing: FieldError[] = [];
  if (notBefore === undefined) missing.push(required(beforePath, why));
  if (notAfter === undefined) missing.push(required(afterPath, why));
  if (beginRefreshAt === undefined) {
    const range = 'must be present and in the range [notbefore+10min, notafter-10min]';
    missing.push(required(refreshPath, range));
  }
  if (notBefore === undefined || notAfter === undefined || beginRefreshAt === undefined) {
    return missing;
  }
  const [from, to, refresh] = [notBefore, notAfter, beginRefreshAt].map((each) => Date.parse(each));
  const fromMs = leaf.validFromDate.getTime();
  const toMs = leaf.validToDate.getTime();
  if (from !== fromMs) {
    const wrong = 'must be set to the NotBefore time encoded in the leaf certificate';
    return [invalidValue(beforePath, notBefore, wrong)];
  }
  if (Math.abs(fromMs - limits.nowMs) >= skewMaxMs) {
    const wrong = "must be set to within 5 minutes of kube-apiserver's current time";
    return [invalidValue(beforePath, notBefore, wrong)];
  }
  if (to !== toMs) {
    const wrong = 'must be set to the NotAfter time encoded in the leaf certificate';
    return [invalidValue(afterPath, notAfter, wrong)];
  }
  const lifetimeMs = toMs - fromMs;
  // A duration of Go's is a number of nanoseconds.
  const shown = lifetimeMs * 1_000_000;
  if (lifetimeMs < lifetimeMinMs) {
    return [invalidValue(chainPath, shown, 'leaf certificate lifetime must be >= 1 hour')];
  }
  const max = limits.maxSeconds ?? 0;
  if (lifetimeMs > max * 1000) {
    const long = `leaf certificate lifetime must be <= spec.maxExpirationSeconds (${max})`;
    return [invalidValue(chainPath, shown, long)];
  }
  return validateRefresh(refresh ?? 0, fromMs, toMs, invalidRefresh(refreshPath, beginRefreshAt));
}

function invalidRefresh(path: FieldPath, shown: string): (why: string) => FieldError {
  return (why) => invalidValue(path, shown, why);
}

function validateRefresh(
  refreshMs: number,
  fromMs: number,
  toMs: number,
  refuse: (why: string) => FieldError,
): readonly FieldError[] {
  if (refreshMs < fromMs + refreshMarginMs) {
    return [refuse('must be at least 10 minutes after status.notBefore')];
  }
  if (refreshMs > toMs - refreshMarginMs) {
    return [refuse('must be at least 10 minutes before status.notAfter')];
  }
  return [];
}
