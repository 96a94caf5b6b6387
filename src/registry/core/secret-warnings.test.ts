// Pairs of certificate and key, and what their writer is told of them.
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { createAuthority } from '../../certificates.ts';
import { VirtualClock } from '../../clock.ts';
import { secretWarnings } from './secret-warnings.ts';

const warnings = (certificate: string, key: string, type = 'kubernetes.io/tls') =>
  secretWarnings({
    type,
    data: {
      'tls.crt': Buffer.from(certificate).toString('base64'),
      'tls.key': Buffer.from(key).toString('base64'),
    },
  });

function pem(type: string, bytes = 'x'): string {
  return `-----BEGIN ${type}-----\n${Buffer.from(bytes).toString('base64')}\n-----END ${type}-----\n`;
}

t.test('a TLS Secret is looked at as crypto/tls would', async (t) => {
  const { certificate, key } = await createAuthority('a', new VirtualClock(0));
  const other = await createAuthority('b', new VirtualClock(0));
  const rsa = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const chain = `about this\n${certificate}\n${other.certificate}`;
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    [certificate, key, undefined],
    [chain, `${pem('EC PARAMETERS')}${key}`, undefined],
    ['x', 'x', 'tls: failed to find any PEM data in certificate input'],
    [certificate, '', 'tls: failed to find any PEM data in key input'],
    [
      key,
      certificate,
      'tls: failed to find certificate PEM data in certificate input, but did find a private ' +
        'key; PEM inputs may have been switched',
    ],
    [
      `${pem('A')}${pem('B')}`,
      key,
      'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM ' +
        'blocks of the following types: [A B]',
    ],
    [
      certificate,
      certificate,
      'tls: found a certificate rather than a key in the PEM for the private key',
    ],
    [
      certificate,
      pem('A'),
      'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after ' +
        'skipping PEM blocks of the following types: [A]',
    ],
    [pem('CERTIFICATE'), key, 'x509: malformed certificate'],
    [certificate, pem('PRIVATE KEY'), 'tls: failed to parse private key'],
    [certificate, rsa.privateKey, 'tls: private key type does not match public key type'],
    [certificate, other.key, 'tls: private key does not match public key'],
  ];
  for (const [first, second, expected] of cases) {
    t.same(warnings(first, second), expected === undefined ? [] : [expected]);
  }
  t.same(warnings('x', 'x', 'Opaque'), []);
});
