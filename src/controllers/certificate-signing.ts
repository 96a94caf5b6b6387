// The certificate controllers: approve nodes' requests, sign approved ones, clear old ones away.
import {
  parseSigningRequest,
  type SigningRequest,
  signCertificateRequest,
} from '../certificates.ts';
import { keyOf } from '../client/object-store.ts';
import { certificateSigningRequests, nodes } from '../client/resource-ref.ts';
import { timestamp } from '../clock.ts';
import type { CertificateSigningRequest } from '../objects.ts';
import {
  isApproved,
  isOwnServingRequest,
  isRefused,
  isSpent,
  kubeletServingSigner,
  recognize,
  signerObjection,
} from './certificate-signing-plan.ts';
import { ignoreNotFound } from './ownership.ts';
import type { Controller, ControllerContext, Requeue } from './runner.ts';

/** --cluster-signing-duration: the longest that a certificate lasts. */
const durationMaxMs = 365 * 86_400_000;
/** A node's addresses may come a moment after its request. */
const servingRetryMs = 1000;
const sweepMs = 3_600_000;

type Csr = CertificateSigningRequest;

/** Approves the requests of nodes whose right to ask the API confirms. */
export const certificateApproverController: Controller = {
  name: 'certificate-controller',
  start(context) {
    watchRequests(context, 'csr-approver', async (csr) => {
      if (isApproved(csr) || isRefused(csr)) return undefined;
      const request = await parseSigningRequest(pemOf(csr)).catch(() => undefined);
      if (request === undefined) return undefined;
      const message = await approval(context, csr, request);
      if (message !== undefined) await approve(context, csr, message);
      else if (csr.spec.signerName === kubeletServingSigner) {
        return { requeueAfterMs: servingRetryMs };
      }
      return undefined;
    });
    watchRequests(context, 'csr-signer', async (csr) => {
      if (!isApproved(csr) || isRefused(csr) || csr.status?.certificate !== undefined) return;
      await sign(context, csr);
      return undefined;
    });
    const all = context.informers.informer(certificateSigningRequests);
    context.every('clear certificate requests away', sweepMs, async () => {
      for (const csr of all.list()) {
        if (!isSpent(csr, context.clock.nowMs())) continue;
        await context.client
          .delete(certificateSigningRequests, '', keyOf(csr))
          .catch(ignoreNotFound);
      }
    });
  },
};

function watchRequests(
  context: ControllerContext,
  name: string,
  handle: (csr: Csr) => Promise<Requeue | undefined>,
): void {
  const all = context.informers.informer(certificateSigningRequests);
  const queue = context.queue(name, async (key) => {
    const csr = all.get('', key);
    return csr === undefined ? undefined : handle(csr);
  });
  all.subscribe({ add: (csr) => queue.add(keyOf(csr)), update: (csr) => queue.add(keyOf(csr)) });
}

/** `spec.request` is base64 of PEM. */
function pemOf(csr: Csr): string {
  return Buffer.from(csr.spec.request, 'base64').toString();
}

/** The approval's message; undefined when nobody may approve it but a person. */
async function approval(
  context: ControllerContext,
  csr: Csr,
  request: SigningRequest,
): Promise<string | undefined> {
  for (const { subresource, message } of recognize(csr, request)) {
    if (await mayAsk(context, csr, subresource)) return message;
  }
  if (csr.spec.signerName !== kubeletServingSigner) return undefined;
  const name = request.commonName.slice('system:node:'.length);
  const node = context.informers.informer(nodes).get('', name);
  if (!isOwnServingRequest(csr, request, node)) return undefined;
  return 'Auto approving kubelet serving certificate for the addresses of its own node.';
}

async function mayAsk(context: ControllerContext, csr: Csr, subresource: string): Promise<boolean> {
  const { username, uid, groups, extra } = csr.spec;
  const review = (await context.client.raw(
    'POST',
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: username,
        uid,
        groups,
        extra,
        resourceAttributes: {
          group: 'certificates.k8s.io',
          version: '*',
          resource: 'certificatesigningrequests',
          subresource,
          verb: 'create',
        },
      },
    },
  )) as { readonly status?: { readonly allowed?: boolean } };
  return review.status?.allowed === true;
}

async function approve(context: ControllerContext, csr: Csr, message: string): Promise<void> {
  const now = timestamp(context.clock);
  const times = { lastUpdateTime: now, lastTransitionTime: now };
  const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message, ...times };
  const conditions = [...(csr.status?.conditions ?? []), condition];
  const approved = { ...csr, status: { ...csr.status, conditions } };
  await context.client.update(certificateSigningRequests, approved, { subresource: 'approval' });
}

async function sign(context: ControllerContext, csr: Csr): Promise<void> {
  const { options, client, clock } = context;
  const { signerName, usages = [], expirationSeconds } = csr.spec;
  const own = signerName.startsWith('kubernetes.io/') && !signerName.endsWith('/legacy-unknown');
  if (!own || options.certificateAuthority === undefined) return;
  const pem = pemOf(csr);
  const objection = signerObjection(csr, await parseSigningRequest(pem));
  let status: Csr['status'];
  if (objection !== undefined) {
    const now = timestamp(clock);
    const condition = {
      type: 'Failed',
      status: 'True',
      reason: 'SignerValidationFailure',
      message: objection,
      lastUpdateTime: now,
      lastTransitionTime: now,
    };
    status = { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] };
  } else {
    const durationMs = Math.min(
      (expirationSeconds ?? Number.POSITIVE_INFINITY) * 1000,
      durationMaxMs,
    );
    const authority = options.certificateAuthority;
    const certificate = await signCertificateRequest(authority, pem, { usages, durationMs }, clock);
    status = { ...csr.status, certificate: Buffer.from(certificate).toString('base64') };
  }
  await client.update(certificateSigningRequests, { ...csr, status }, { subresource: 'status' });
}
