// A node's own certificates: asked for by CSR with the bootstrap token, kept, and renewed in time.
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPair } from '../certificates.ts';
import type { Client } from '../client/client.ts';
import { certificateSigningRequests } from '../client/resource-ref.ts';
import { type Clock, sleep } from '../clock.ts';
import { describeError, type Logger } from '../logger.ts';
import { makeSigningRequest } from './signing-request.ts';

const waitForSignerMs = 100;
/** A request that nobody has signed for this long is given up and made anew. */
const signingTimeoutMs = 60_000;
/** Renewed when less than this share of a certificate's life is left, as the kubelet does. */
const renewAtShare = 0.25;

export interface IdentityRequest {
  readonly signer: 'kubernetes.io/kube-apiserver-client-kubelet' | 'kubernetes.io/kubelet-serving';
  readonly nodeName: string;
  /** Only for serving certificates. */
  readonly addresses: readonly string[];
}

export interface IdentityParts {
  /** May create signing requests: by bootstrap token at first, as the node itself later. */
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** The pair kept in `directory` as `<name>.crt` and `.key` while it is good for longer. */
export function keptIdentity(directory: string, name: string, clock: Clock): KeyPair | undefined {
  const [certificate, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  if (!existsSync(certificate) || !existsSync(key)) return undefined;
  const pair = { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  return msUntilRenewal(pair, clock) > 0 ? pair : undefined;
}

/** How long until the pair should be replaced; not positive: now. */
export function msUntilRenewal(pair: KeyPair, clock: Clock): number {
  const { validFromDate, validToDate } = new X509Certificate(pair.certificate);
  const lifeMs = validToDate.getTime() - validFromDate.getTime();
  return validToDate.getTime() - lifeMs * renewAtShare - clock.nowMs();
}

/** Asks until it has one (or `signal` aborts) and keeps it in `directory`. */
export async function requestIdentity(
  parts: IdentityParts,
  directory: string,
  name: string,
  request: IdentityRequest,
): Promise<KeyPair> {
  for (let attempt = 0; ; attempt++) {
    parts.signal.throwIfAborted();
    try {
      return keep(directory, name, await requestOnce(parts, request));
    } catch (error) {
      parts.signal.throwIfAborted();
      const level = attempt === 0 ? 'debug' : 'warn';
      parts.logger[level](`cannot get a certificate yet: ${describeError(error)}`, { name });
      await sleep(parts.clock, Math.min(100 * 2 ** Math.min(attempt, 5), 2000), parts.signal);
    }
  }
}

async function requestOnce(parts: IdentityParts, request: IdentityRequest): Promise<KeyPair> {
  const { client, clock, signal } = parts;
  const serving = request.signer === 'kubernetes.io/kubelet-serving';
  const { csr, key } = await makeSigningRequest({
    commonName: `system:node:${request.nodeName}`,
    organizations: ['system:nodes'],
    ...(serving ? { dnsNames: [request.nodeName], ipAddresses: request.addresses } : {}),
  });
  const created = await client.create(certificateSigningRequests, {
    metadata: { generateName: 'csr-' },
    spec: {
      request: Buffer.from(csr).toString('base64'),
      signerName: request.signer,
      usages: ['digital signature', serving ? 'server auth' : 'client auth'],
    },
  });
  const requestName = created.metadata?.name ?? '';
  const deadlineMs = clock.nowMs() + signingTimeoutMs;
  while (clock.nowMs() < deadlineMs) {
    signal.throwIfAborted();
    const { status } = await client.get(certificateSigningRequests, '', requestName);
    const refused = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
    if (refused !== undefined)
      throw new Error(`${requestName} was refused: ${refused.message ?? ''}`);
    if (status?.certificate !== undefined && status.certificate !== '') {
      return { certificate: Buffer.from(status.certificate, 'base64').toString(), key };
    }
    await sleep(clock, waitForSignerMs, signal);
  }
  throw new Error(`nobody has signed ${requestName}`);
}

function keep(directory: string, name: string, pair: KeyPair): KeyPair {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const [ending, text] of [
    ['crt', pair.certificate],
    ['key', pair.key],
  ] as const) {
    const path = join(directory, `${name}.${ending}`);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  return pair;
}
