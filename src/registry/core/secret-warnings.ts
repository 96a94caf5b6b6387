// What the writer of a TLS Secret is warned of: a pair of certificate and key that no server could use.
// https://pkg.go.dev/crypto/tls#X509KeyPair
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Secret } from '../../objects.ts';
import { pemBlocks } from '../certificates/pem.ts';

const usableKeys: readonly string[] = ['rsa', 'ec', 'ed25519'];

export function secretWarnings({ type, data }: Secret): readonly string[] {
  if (type !== 'kubernetes.io/tls') return [];
  const text = (key: string) => Buffer.from(data?.[key] ?? '', 'base64').toString('latin1');
  const wrong = pairProblem(text('tls.crt'), text('tls.key'));
  return wrong === undefined ? [] : [wrong];
}

function pairProblem(certificateText: string, keyText: string): string | undefined {
  const certificates = pemBlocks(certificateText);
  const [first] = certificates.filter(({ type }) => type === 'CERTIFICATE');
  if (first === undefined) return noCertificate(certificates.map(({ type }) => type));
  const keys = pemBlocks(keyText);
  const key = keys.find(({ type }) => /^(.* )?PRIVATE KEY$/.test(type));
  if (key === undefined) return noKey(keys.map(({ type }) => type));
  const certificate = attempt(() => new X509Certificate(first.bytes));
  if (certificate === undefined) return 'x509: malformed certificate';
  const own = privateKey(key.bytes);
  if (own === undefined) return 'tls: failed to parse private key';
  const known = certificate.publicKey;
  if (!usableKeys.includes(known.asymmetricKeyType ?? '')) {
    return 'tls: unknown public key algorithm';
  }
  if (own.asymmetricKeyType !== known.asymmetricKeyType) {
    return 'tls: private key type does not match public key type';
  }
  if (createPublicKey(own).equals(known)) return undefined;
  return 'tls: private key does not match public key';
}

function noCertificate(types: readonly string[]): string {
  const [only = ''] = types;
  if (types.length === 0) return 'tls: failed to find any PEM data in certificate input';
  if (types.length === 1 && only.endsWith('PRIVATE KEY')) {
    return (
      'tls: failed to find certificate PEM data in certificate input, but did find a private ' +
      'key; PEM inputs may have been switched'
    );
  }
  return (
    'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks ' +
    `of the following types: [${types.join(' ')}]`
  );
}

function noKey(types: readonly string[]): string {
  if (types.length === 0) return 'tls: failed to find any PEM data in key input';
  if (types.length === 1 && types[0] === 'CERTIFICATE') {
    return 'tls: found a certificate rather than a key in the PEM for the private key';
  }
  return (
    'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping ' +
    `PEM blocks of the following types: [${types.join(' ')}]`
  );
}

/** Go does not go by the block's name either. */
function privateKey(key: Buffer): KeyObject | undefined {
  for (const type of ['pkcs1', 'pkcs8', 'sec1'] as const) {
    const made = attempt(() => createPrivateKey({ key, format: 'der', type }));
    if (made !== undefined) return made;
  }
  return undefined;
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
