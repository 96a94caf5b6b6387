// Which certificate requests of nodes and users may be approved and signed, and why not.
import type { SigningRequest } from '../certificates.ts';
import type { CertificateSigningRequest, Node } from '../objects.ts';

export const kubeletClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const kubeletServingSigner = 'kubernetes.io/kubelet-serving';
export const clientSigner = 'kubernetes.io/kube-apiserver-client';

type Csr = CertificateSigningRequest;

const condition = (csr: Csr, type: string) =>
  csr.status?.conditions?.find((each) => each.type === type);

export const isApproved = (csr: Csr) => condition(csr, 'Approved') !== undefined;
export const isRefused = (csr: Csr) =>
  condition(csr, 'Denied') !== undefined || condition(csr, 'Failed') !== undefined;

/** Why the signer will not sign the request; undefined when it will (upstream's words). */
export function signerObjection(csr: Csr, request: SigningRequest): string | undefined {
  const usages = csr.spec.usages ?? [];
  switch (csr.spec.signerName) {
    case kubeletClientSigner:
      return nodeObjection(request) ?? kubeletClientObjection(request, usages);
    case kubeletServingSigner:
      return nodeObjection(request) ?? kubeletServingObjection(request, usages);
    case clientSigner:
      return usagesObjection(usages, 'client auth');
    default:
      return `unrecognized signer ${csr.spec.signerName}`;
  }
}

function nodeObjection(request: SigningRequest): string | undefined {
  if (request.organizations.length !== 1 || request.organizations[0] !== 'system:nodes') {
    return 'subject organization is not system:nodes';
  }
  if (!request.commonName.startsWith('system:node:')) {
    return 'subject common name does not begin with system:node:';
  }
  return undefined;
}

function kubeletClientObjection(
  request: SigningRequest,
  usages: readonly string[],
): string | undefined {
  if (request.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (request.emails.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  return usagesObjection(usages, 'client auth');
}

function kubeletServingObjection(
  request: SigningRequest,
  usages: readonly string[],
): string | undefined {
  if (request.dnsNames.length + request.ipAddresses.length === 0) {
    return 'DNS or IP subjectAltName is required';
  }
  if (request.emails.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  return usagesObjection(usages, 'server auth');
}

function usagesObjection(usages: readonly string[], needed: string): string | undefined {
  const allowed = [needed, 'digital signature', 'key encipherment'];
  const fits = usages.includes(needed) && usages.every((usage) => allowed.includes(usage));
  return fits ? undefined : `usages did not match ${JSON.stringify(allowed)}`;
}

/** The right that a kubelet's requester must have for its request to be approved by itself. */
export interface Recognized {
  readonly subresource: 'selfnodeclient' | 'nodeclient';
  readonly message: string;
}

/** Which ways of automatic approval fit a kubelet's client request, most specific first. */
export function recognize(csr: Csr, request: SigningRequest): readonly Recognized[] {
  if (csr.spec.signerName !== kubeletClientSigner) return [];
  if (signerObjection(csr, request) !== undefined) return [];
  const words = 'kubelet client certificate after SubjectAccessReview.';
  const node = { subresource: 'nodeclient', message: `Auto approving ${words}` } as const;
  if (csr.spec.username !== request.commonName) return [node];
  return [{ subresource: 'selfnodeclient', message: `Auto approving self ${words}` }, node];
}

/**
 * Whether a serving request asks for nothing but what its own node is known by. Upstream leaves
 * these to the operator; here nodes are the cluster's own, and the API knows their addresses.
 */
export function isOwnServingRequest(
  csr: Csr,
  request: SigningRequest,
  node: Node | undefined,
): boolean {
  if (csr.spec.signerName !== kubeletServingSigner || node === undefined) return false;
  if (signerObjection(csr, request) !== undefined) return false;
  if (csr.spec.username !== request.commonName) return false;
  if (!(csr.spec.groups ?? []).includes('system:nodes')) return false;
  const name = node.metadata?.name ?? '';
  if (request.commonName !== `system:node:${name}`) return false;
  const known = new Set([name, ...(node.status?.addresses ?? []).map((each) => each.address)]);
  return [...request.dnsNames, ...request.ipAddresses].every((each) => known.has(each));
}

const hourMs = 3_600_000;

/** Whether a request has served its time: an hour once answered, a day while nobody answers. */
export function isSpent(csr: Csr, nowMs: number): boolean {
  const ageMs = (time: string | undefined) => (time === undefined ? 0 : nowMs - Date.parse(time));
  const answered = [condition(csr, 'Denied'), condition(csr, 'Failed')].find(Boolean);
  if (answered !== undefined) return ageMs(answered.lastUpdateTime) > hourMs;
  const approved = condition(csr, 'Approved');
  if (approved !== undefined && csr.status?.certificate !== undefined) {
    return ageMs(approved.lastUpdateTime) > hourMs;
  }
  return ageMs(csr.metadata?.creationTimestamp) > 24 * hourMs;
}
