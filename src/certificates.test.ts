// What the cluster's authority makes can be verified by OpenSSL.
import { X509Certificate } from 'node:crypto';
import t from 'tap';
import {
  createAuthority,
  issueCertificate,
  parseSigningRequest,
  publicKeyOf,
  signCertificateRequest,
} from './certificates.ts';
import { systemClock } from './clock.ts';

t.test('an authority issues certificates', async (t) => {
  const authority = await createAuthority('coracle', systemClock);
  const ca = new X509Certificate(authority.certificate);
  t.equal(ca.ca, true);
  const issued = await issueCertificate(
    authority,
    {
      commonName: 'system:node:a',
      organizations: ['system:nodes'],
      dnsNames: ['a'],
      ipAddresses: ['127.0.0.1', '::1'],
      usages: ['server', 'client'],
      durationMs: 3_600_000,
    },
    systemClock,
  );
  const certificate = new X509Certificate(issued.certificate);
  t.equal(certificate.verify(ca.publicKey), true);
  t.equal(certificate.checkIssued(ca), true);
  t.match(certificate.subject, 'O=system:nodes\nCN=system:node:a');
  t.equal(certificate.checkHost('a'), 'a');
  t.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  t.match(publicKeyOf(issued.key), /BEGIN PUBLIC KEY/);
});

t.test('it signs requests', async (t) => {
  const { execFileSync } = await import('node:child_process');
  const csr = execFileSync(
    'openssl',
    [
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      '/dev/null',
      '-subj',
      '/O=system:nodes/CN=system:node:b',
      '-addext',
      'subjectAltName=IP:10.0.0.1,DNS:b',
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  ).toString();
  const asked = await parseSigningRequest(csr);
  t.equal(asked.commonName, 'system:node:b');
  t.same(asked.organizations, ['system:nodes']);
  t.same([asked.dnsNames, asked.ipAddresses], [['b'], ['10.0.0.1']]);
  const authority = await createAuthority('coracle', systemClock);
  const signed = await signCertificateRequest(
    authority,
    csr,
    { usages: ['digital signature', 'client auth'], durationMs: 3_600_000 },
    systemClock,
  );
  const certificate = new X509Certificate(signed);
  t.equal(certificate.verify(new X509Certificate(authority.certificate).publicKey), true);
  t.match(certificate.subject, 'O=system:nodes\nCN=system:node:b');
  t.rejects(parseSigningRequest('nonsense'));
});
