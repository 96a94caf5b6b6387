// The public key that a pod asks a certificate for, and the proof that it holds the private one.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readElements } from './pkcs10.ts';

const bitString = 0x03;
const hashes: ReadonlyMap<string, string> = new Map([
  // Object identifiers in DER, in hexadecimal: ECDSA and RSA with SHA-256, -384 and -512.
  ['2a8648ce3d040302', 'sha256'],
  ['2a8648ce3d040303', 'sha384'],
  ['2a8648ce3d040304', 'sha512'],
  ['2a864886f70d01010b', 'sha256'],
  ['2a864886f70d01010c', 'sha384'],
  ['2a864886f70d01010d', 'sha512'],
]);
const ed25519 = '2b6570';

/** A PKCS#10 request's key; undefined for what is none. */
export function requestKey(der: Buffer): KeyObject | undefined {
  const [outer] = readElements(der, 0, der.length) ?? [];
  const [info] = outer === undefined ? [] : (readElements(der, outer.start, outer.end) ?? []);
  // version, subject, key, attributes
  const key = info === undefined ? undefined : readElements(der, info.start, info.end)?.[2];
  return key === undefined ? undefined : publicKey(der.subarray(key.at, key.end));
}

/** A key in PKIX form; undefined for what is none. */
export function publicKey(spki: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/** Whether a PKCS#10 request is signed by its own key. */
export function isSelfSigned(der: Buffer, key: KeyObject): boolean {
  const [outer] = readElements(der, 0, der.length) ?? [];
  const parts = outer === undefined ? undefined : readElements(der, outer.start, outer.end);
  const [info, algorithm, signature] = parts ?? [];
  if (info === undefined || algorithm === undefined || signature?.tag !== bitString) return false;
  const oid = readElements(der, algorithm.start, algorithm.end)?.[0];
  const name = oid === undefined ? '' : der.subarray(oid.start, oid.end).toString('hex');
  const hash = hashes.get(name);
  if (hash === undefined && name !== ed25519) return false;
  try {
    // A bit string begins with the number of its unused bits.
    const bytes = der.subarray(signature.start + 1, signature.end);
    return verify(hash ?? null, der.subarray(info.at, info.end), key, bytes);
  } catch {
    return false;
  }
}

/** What is wrong with the kind or size of a key: the value to show, and the words. */
export function keyWeakness(
  key: KeyObject,
  curves: string,
): { readonly shown: string | undefined; readonly why: string } | undefined {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return undefined;
    case 'ec': {
      if (['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve)) return undefined;
      const why = `elliptic public keys must use curve ${curves}`;
      return { shown: `curve ${goCurves.get(namedCurve) ?? namedCurve}`, why };
    }
    case 'rsa': {
      if (modulusLength === 3072 || modulusLength === 4096) return undefined;
      const why = 'RSA keys must have modulus size 3072 or 4096';
      return { shown: `${modulusLength}-bit modulus`, why };
    }
    default: {
      const why = 'unknown public key type; supported types are Ed25519, ECDSA, and RSA';
      return { shown: undefined, why };
    }
  }
}

/** Go's name of the one other curve that it knows. */
const goCurves: ReadonlyMap<string, string> = new Map([['secp224r1', 'P-224']]);
