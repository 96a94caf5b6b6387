// The chain that a signer gives a pod: whose key, how long, and what the status must say of it.
import { X509Certificate } from 'node:crypto';
import t from 'tap';
import {
  createAuthority,
  createSigningRequest,
  signCertificateRequest,
} from '../../certificates.ts';
import { VirtualClock } from '../../clock.ts';
import type { PodCertificateRequest } from '../../objects.ts';
import { validateIssued } from './issued-certificate-validation.ts';
import { requestKey } from './request-key.ts';

const clock = new VirtualClock(Date.UTC(2026, 0, 1));
const hourMs = 3_600_000;
const authority = await createAuthority('ca', clock);
const usages = ['client auth'];

async function issue(durationMs: number) {
  const { csr } = await createSigningRequest({ commonName: 'p' });
  const pem = await signCertificateRequest(authority, csr, { usages, durationMs }, clock);
  const { validFromDate, validToDate } = new X509Certificate(pem);
  const der = Buffer.from(csr.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  return {
    pem,
    key: requestKey(der),
    fromMs: validFromDate.getTime(),
    toMs: validToDate.getTime(),
  };
}

const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

t.test('a chain that is right, and each way to be wrong', async (t) => {
  const good = await issue(2 * hourMs);
  const other = await issue(2 * hourMs);
  const status = {
    certificateChain: `${good.pem}\n${authority.certificate}`,
    notBefore: time(good.fromMs),
    notAfter: time(good.toMs),
    beginRefreshAt: time(good.fromMs + hourMs),
  };
  const check = (changes: object, seconds = 86_400, nowMs = good.fromMs) => {
    const spec = { maxExpirationSeconds: seconds } as PodCertificateRequest['spec'];
    const errors = validateIssued({ spec, status: { ...status, ...changes } }, good.key, nowMs);
    return errors.map(({ field, message }) => `${field}: ${message.split(': ').at(-1)}`);
  };
  t.strictSame(check({}), []);
  const cases: [changes: object, error: string][] = [
    [
      { certificateChain: '' },
      'certificateChain: issued certificate chain must contain at least one certificate',
    ],
    [
      { certificateChain: other.pem },
      'certificateChain: leaf certificate was not issued to the requested public key',
    ],
    [
      { notBefore: undefined },
      'notBefore: must be present and consistent with the issued certificate',
    ],
    [
      { notBefore: time(good.fromMs + 1000) },
      'notBefore: must be set to the NotBefore time encoded in the leaf certificate',
    ],
    [
      { notAfter: time(good.toMs + 1000) },
      'notAfter: must be set to the NotAfter time encoded in the leaf certificate',
    ],
    [
      { beginRefreshAt: time(good.fromMs) },
      'beginRefreshAt: must be at least 10 minutes after status.notBefore',
    ],
    [
      { beginRefreshAt: time(good.toMs) },
      'beginRefreshAt: must be at least 10 minutes before status.notAfter',
    ],
    [
      {
        certificateChain: `${good.pem}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      },
      'certificateChain: intermediate certificate does not parse as valid X.509',
    ],
  ];
  for (const [changes, error] of cases) t.strictSame(check(changes), [`status.${error}`]);
  t.match(check({}, 3600), [/must be <= spec.maxExpirationSeconds \(3600\)$/]);
  t.match(check({}, 86_400, good.fromMs + hourMs), [/within 5 minutes of kube-apiserver's/]);
});
