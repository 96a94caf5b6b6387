// X.509 for the cluster: its authority, certificates it issues, and certificate signing requests.
import { createPrivateKey, createPublicKey, randomBytes, webcrypto } from 'node:crypto';
import type * as x509 from '@peculiar/x509';
import type { Clock } from './clock.ts';

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Who a certificate is for and what it may do. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usages: readonly ('client' | 'server')[];
  readonly durationMs: number;
}

const dayMs = 86_400_000;
const authorityDurationMs = 3650 * dayMs;
/** Upstream backdates by five minutes, for clocks that are behind. */
const backdateMs = 300_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

// Heavy, and needed only when something must be made: a restart reads PEM files and never pays.
async function load(): Promise<typeof x509> {
  // Its dependency injection wants this polyfill in place first.
  await import('reflect-metadata');
  const library = await import('@peculiar/x509');
  library.cryptoProvider.set(webcrypto as never);
  return library;
}

/** A new self-signed authority, ECDSA P-256, valid ten years. */
export async function createAuthority(commonName: string, clock: Clock): Promise<KeyPair> {
  const library = await load();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const now = clock.nowMs();
  const certificate = await library.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: new library.Name([{ CN: [commonName] }]),
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(now + authorityDurationMs),
    signingAlgorithm: algorithm,
    keys: keys as never,
    extensions: [
      new library.BasicConstraintsExtension(true, undefined, true),
      new library.KeyUsagesExtension(
        library.KeyUsageFlags.keyCertSign |
          library.KeyUsageFlags.digitalSignature |
          library.KeyUsageFlags.keyEncipherment,
        true,
      ),
      await library.SubjectKeyIdentifierExtension.create(keys.publicKey as never),
      new library.SubjectAlternativeNameExtension([{ type: 'dns', value: commonName }]),
    ],
  });
  return { certificate: pem(certificate), key: await exportKey(keys.privateKey) };
}

/** A certificate with a new key, signed by `authority`. */
export async function issueCertificate(
  authority: KeyPair,
  request: CertificateRequest,
  clock: Clock,
): Promise<KeyPair> {
  const library = await load();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await sign(library, authority, {
    subject: subjectName(library, request.commonName, request.organizations ?? []),
    publicKey: keys.publicKey as never,
    dnsNames: request.dnsNames ?? [],
    ipAddresses: request.ipAddresses ?? [],
    usages: request.usages.map((usage) => `${usage} auth`),
    durationMs: request.durationMs,
    nowMs: clock.nowMs(),
  });
  return { certificate, key: await exportKey(keys.privateKey) };
}

/** A new key and a signing request (PEM) for it. */
export async function createSigningRequest(
  request: Omit<CertificateRequest, 'usages' | 'durationMs'>,
): Promise<{ readonly csr: string; readonly key: string }> {
  const library = await load();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const csr = await library.Pkcs10CertificateRequestGenerator.create({
    name: subjectName(library, request.commonName, request.organizations ?? []).toString(),
    keys: keys as never,
    signingAlgorithm: algorithm,
    extensions: names.length === 0 ? [] : [new library.SubjectAlternativeNameExtension(names)],
  });
  return { csr: `${csr.toString('pem').trim()}\n`, key: await exportKey(keys.privateKey) };
}

/** What a certificate signing request asks for, its signature checked. */
export interface SigningRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly emails: readonly string[];
}

/** Parses a PEM CSR; throws when it is malformed or its signature does not match. */
export async function parseSigningRequest(csr: string): Promise<SigningRequest> {
  const library = await load();
  const request = new library.Pkcs10CertificateRequest(csr);
  if (!(await request.verify())) throw new Error('the signature of the request does not match');
  const extension = request.extensions.find(
    (each) => each instanceof library.SubjectAlternativeNameExtension,
  );
  const names = extension?.names.items ?? [];
  const of = (type: string) => names.filter((name) => name.type === type).map((each) => each.value);
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: of('dns'),
    ipAddresses: of('ip'),
    uris: of('url'),
    emails: of('email'),
  };
}

/**
 * Signs a PEM CSR: subject and names as it asks, usages as given.
 *
 * @param options.usages certificates.k8s.io names: `client auth`, `server auth`,
 *   `digital signature`, `key encipherment`
 * @returns the certificate as PEM
 */
export async function signCertificateRequest(
  authority: KeyPair,
  csr: string,
  options: { readonly usages: readonly string[]; readonly durationMs: number },
  clock: Clock,
): Promise<string> {
  const library = await load();
  const asked = await parseSigningRequest(csr);
  const request = new library.Pkcs10CertificateRequest(csr);
  return sign(library, authority, {
    subject: request.subjectName,
    publicKey: request.publicKey,
    dnsNames: asked.dnsNames,
    ipAddresses: asked.ipAddresses,
    usages: options.usages,
    durationMs: options.durationMs,
    nowMs: clock.nowMs(),
  });
}

interface Signing {
  readonly subject: x509.Name;
  readonly publicKey: x509.PublicKey;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly usages: readonly string[];
  readonly durationMs: number;
  readonly nowMs: number;
}

async function sign(library: typeof x509, authority: KeyPair, signing: Signing): Promise<string> {
  const issuer = new library.X509Certificate(authority.certificate);
  const signingKey = await importKey(authority.key);
  const extended: string[] = [];
  let flags = 0;
  for (const usage of signing.usages) {
    if (usage === 'client auth') extended.push(library.ExtendedKeyUsage.clientAuth);
    if (usage === 'server auth') extended.push(library.ExtendedKeyUsage.serverAuth);
    if (usage === 'digital signature') flags |= library.KeyUsageFlags.digitalSignature;
    if (usage === 'key encipherment') flags |= library.KeyUsageFlags.keyEncipherment;
  }
  if (flags === 0) {
    flags = library.KeyUsageFlags.digitalSignature | library.KeyUsageFlags.keyEncipherment;
  }
  const names = [
    ...signing.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...signing.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await library.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: signing.subject.toString(),
    issuer: issuer.subject,
    notBefore: new Date(signing.nowMs - backdateMs),
    // A certificate never outlives the authority that vouches for it.
    notAfter: new Date(Math.min(signing.nowMs + signing.durationMs, issuer.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey: signing.publicKey,
    signingKey,
    extensions: [
      new library.KeyUsagesExtension(flags, true),
      ...(extended.length === 0 ? [] : [new library.ExtendedKeyUsageExtension(extended)]),
      new library.BasicConstraintsExtension(false, undefined, true),
      await library.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names.length === 0 ? [] : [new library.SubjectAlternativeNameExtension(names)]),
    ],
  });
  return pem(certificate);
}

function subjectName(
  library: typeof x509,
  commonName: string,
  organizations: readonly string[],
): x509.Name {
  return new library.Name([
    ...organizations.map((organization) => ({ O: [organization] })),
    { CN: [commonName] },
  ]);
}

function serialNumber(): string {
  const bytes = randomBytes(16);
  // A positive DER integer: the top bit clear, the first byte not zero.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

function importKey(key: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

/** A new ECDSA P-256 key pair for signing service account tokens, private part as PKCS #8 PEM. */
export async function createSigningKey(): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return exportKey(keys.privateKey);
}

/** The public part of a private key PEM, as SPKI PEM. */
export function publicKeyOf(key: string): string {
  return createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'pem' }).toString();
}
