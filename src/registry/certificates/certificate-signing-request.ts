// CertificateSigningRequest: asks a signer for a certificate; who asked is the server's to say.
import type { CertificateSigningRequest } from '../../objects.ts';
import { humanDuration } from '../human-duration.ts';
import { validatePathSegmentName } from '../metadata/names.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource, type HookContext } from '../resource.ts';
import {
  validateApprovalUpdate,
  validateRequest,
  validateRequestStatusUpdate,
  validateRequestUpdate,
} from './certificate-signing-request-validation.ts';

type Condition = NonNullable<
  NonNullable<CertificateSigningRequest['status']>['conditions']
>[number];

function isDecision(condition: Condition): boolean {
  return condition.type === 'Approved' || condition.type === 'Denied';
}

/** Fills who asks: a client cannot ask in another's name. */
function fillRequester(request: CertificateSigningRequest, { user }: HookContext): void {
  const { username: _n, uid: _u, groups: _g, extra: _e, ...spec } = request.spec ?? {};
  request.spec = {
    ...spec,
    username: user.name,
    ...(user.uid ? { uid: user.uid } : {}),
    ...(user.groups.length > 0 ? { groups: [...user.groups] } : {}),
    ...(user.extra ? { extra: copyExtra(user.extra) } : {}),
  };
}

function copyExtra(extra: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));
}

/** New conditions get their times here, since clients may leave them out. */
function stampConditions(
  next: CertificateSigningRequest,
  old: CertificateSigningRequest,
  nowMs: number,
): void {
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const before = new Map((old.status?.conditions ?? []).map((each) => [each.type, each]));
  for (const condition of next.status?.conditions ?? []) {
    const previous = before.get(condition.type);
    condition.lastUpdateTime ??= now;
    if (condition.lastTransitionTime) continue;
    condition.lastTransitionTime =
      previous?.status === condition.status && previous.lastTransitionTime
        ? previous.lastTransitionTime
        : now;
  }
}

function conditionCell({ status }: CertificateSigningRequest): string {
  const conditions = status?.conditions ?? [];
  const has = (type: string) => conditions.some((condition) => condition.type === type);
  const words: string[] = [];
  if (has('Denied')) words.push('Denied');
  else if (has('Approved')) words.push('Approved');
  else words.push('Pending');
  if (has('Failed')) words.push('Failed');
  if (status?.certificate) words.push('Issued');
  return words.join(',');
}

function durationCell(request: CertificateSigningRequest): string {
  const seconds = request.spec?.expirationSeconds;
  return seconds === undefined ? '<none>' : humanDuration(seconds * 1000);
}

export const certificateSigningRequestResource = defineResource<CertificateSigningRequest>({
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  singular: 'certificatesigningrequest',
  shortNames: ['csr'],
  namespaced: false,
  groups: [
    {
      group: 'certificates.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.certificates.v1.CertificateSigningRequest' }],
    },
  ],
  selectableFields: { 'spec.signerName': (request) => request.spec?.signerName ?? '' },
  hasGeneration: false,
  hasStatus: true,
  resetFields: [
    ['spec', 'username'],
    ['spec', 'uid'],
    ['spec', 'groups'],
    ['spec', 'extra'],
  ],
  validateName: validatePathSegmentName,
  prepareCreate(request, context) {
    fillRequester(request, context);
    request.status = {};
  },
  prepareUpdate(next, old) {
    // The spec is what was asked; updates of it are ignored, not refused.
    next.spec = old.spec;
  },
  prepareStatusUpdate(next, old, { clock }) {
    // Approval and denial are another door's: here they are carried over as they were.
    const kept = (old.status?.conditions ?? []).filter(isDecision);
    const others = (next.status?.conditions ?? []).filter((each) => !isDecision(each));
    next.status = { ...next.status };
    if (kept.length + others.length > 0) next.status.conditions = [...kept, ...others];
    else delete next.status.conditions;
    stampConditions(next, old, clock.nowMs());
  },
  validate: validateRequest,
  validateUpdate: validateRequestUpdate,
  validateStatusUpdate: validateRequestStatusUpdate,
  subresources: [
    {
      name: 'approval',
      verbs: ['get', 'update', 'patch'],
      resetFields: [['spec'], ['status', 'certificate']],
      prepareUpdate(next, old, { clock }) {
        const decided = next.status?.conditions;
        next.spec = old.spec;
        next.status = { ...old.status, ...(decided === undefined ? {} : { conditions: decided }) };
        if (decided === undefined) delete next.status.conditions;
        stampConditions(next, old, clock.nowMs());
      },
      validateUpdate: validateApprovalUpdate,
    },
  ],
  table: {
    columns: [
      nameColumn,
      ageColumn,
      column(
        'SignerName',
        'signerName indicates the requested signer, and is a qualified name.\n\nList/watch ' +
          'requests for CertificateSigningRequests can filter on this field using a ' +
          '"spec.signerName=NAME" fieldSelector.',
      ),
      column(
        'Requestor',
        'username contains the name of the user that created the CertificateSigningRequest. ' +
          'Populated by the API server on creation and immutable.',
      ),
      column(
        'RequestedDuration',
        'expirationSeconds is the requested duration of validity of the issued certificate. The ' +
          'certificate signer may issue a certificate with a different validity duration so a ' +
          'client must check the delta between the notBefore and and notAfter fields in the ' +
          'issued certificate to determine the actual duration.',
      ),
      column('Condition', 'Current state of the CSR'),
    ],
    cells: (request, nowMs) => [
      nameCell(request),
      ageCell(request, nowMs),
      request.spec?.signerName || '<none>',
      request.spec?.username ?? '',
      durationCell(request),
      conditionCell(request),
    ],
  },
});
