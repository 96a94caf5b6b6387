// A cluster's keys and certificates as files: made at the first start, read at every later one.
import { randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CertificateRequest,
  createAuthority,
  createSigningKey,
  issueCertificate,
  type KeyPair,
} from '../certificates.ts';
import type { Clock } from '../clock.ts';

export interface Pki {
  readonly authority: KeyPair;
  /** Signs the certificate by which the server speaks for users to aggregated servers. */
  readonly frontProxyAuthority: KeyPair;
  readonly serving: KeyPair;
  /** The server's own identity towards kubelets. */
  readonly kubeletClient: KeyPair;
  readonly admin: KeyPair;
  /** The one identity of the process that plays simulated nodes. */
  readonly simulatedNodes: KeyPair;
  /** PEM of the key that signs service account tokens. */
  readonly signingKey: string;
  readonly adminToken: string;
}

export interface PkiNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

const yearMs = 365 * 86_400_000;
/** A serving or client certificate with less than this left is made anew at the next start. */
const renewBeforeMs = 30 * 86_400_000;

/** @param names what clients reach the server by; a certificate that lacks one is replaced */
export async function ensurePki(directory: string, names: PkiNames, clock: Clock): Promise<Pki> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const [authority, frontProxyAuthority] = await Promise.all([
    ensureAuthority(directory, 'ca', 'coracle', clock),
    ensureAuthority(directory, 'front-proxy-ca', 'front-proxy-ca', clock),
  ]);
  const pair = (name: string, request: Omit<CertificateRequest, 'durationMs'>) =>
    ensurePair(directory, name, authority, { ...request, durationMs: yearMs }, clock);
  const [serving, kubeletClient, admin, simulatedNodes, signingKey] = await Promise.all([
    pair('server', { commonName: 'kube-apiserver', ...names, usages: ['server'] }),
    pair('kubelet-client', {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usages: ['client'],
    }),
    pair('admin', {
      commonName: 'kubernetes-admin',
      organizations: ['system:masters'],
      usages: ['client'],
    }),
    pair('simulated-nodes', { commonName: 'coracle:simulated-nodes', usages: ['client'] }),
    ensureFile(directory, 'sa.key', createSigningKey),
  ]);
  const adminToken = await ensureFile(
    directory,
    'admin-token',
    async () => `${randomBytes(24).toString('hex')}\n`,
  );
  return {
    authority,
    frontProxyAuthority,
    serving,
    kubeletClient,
    admin,
    simulatedNodes,
    signingKey,
    adminToken: adminToken.trim(),
  };
}

async function ensureAuthority(
  directory: string,
  name: string,
  commonName: string,
  clock: Clock,
): Promise<KeyPair> {
  const known = readPair(directory, name);
  return known ?? writePair(directory, name, await createAuthority(commonName, clock));
}

async function ensurePair(
  directory: string,
  name: string,
  authority: KeyPair,
  request: CertificateRequest,
  clock: Clock,
): Promise<KeyPair> {
  const known = readPair(directory, name);
  if (known !== undefined && serves(known, authority, request, clock)) return known;
  return writePair(directory, name, await issueCertificate(authority, request, clock));
}

function serves(
  pair: KeyPair,
  authority: KeyPair,
  request: CertificateRequest,
  clock: Clock,
): boolean {
  const certificate = new X509Certificate(pair.certificate);
  return (
    certificate.checkIssued(new X509Certificate(authority.certificate)) &&
    certificate.validToDate.getTime() - clock.nowMs() > renewBeforeMs &&
    (request.dnsNames ?? []).every((each) => certificate.checkHost(each) !== undefined) &&
    (request.ipAddresses ?? []).every((each) => certificate.checkIP(each) !== undefined)
  );
}

function readPair(directory: string, name: string): KeyPair | undefined {
  const [certificate, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  if (!existsSync(certificate) || !existsSync(key)) return undefined;
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** The key last: who sees it sees the certificate that belongs to it. */
function writePair(directory: string, name: string, pair: KeyPair): KeyPair {
  writeWhole(join(directory, `${name}.crt`), pair.certificate);
  writeWhole(join(directory, `${name}.key`), pair.key);
  return pair;
}

async function ensureFile(
  directory: string,
  name: string,
  make: () => Promise<string>,
): Promise<string> {
  const path = join(directory, name);
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const text = await make();
  writeWhole(path, text);
  return text;
}

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
