// PodCertificateRequest: a node asks for a certificate for one of its pods; beta, off by default.
import type { PodCertificateRequest } from '../../objects.ts';
import { FieldPath } from '../field.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';
import { column, labelsCell, nameCell, nameColumn, wideColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import {
  validatePodRequest,
  validatePodRequestStatus,
} from './pod-certificate-request-validation.ts';

const specPath = FieldPath.of('spec');

function stateCell({ status }: PodCertificateRequest): string {
  const states = ['Issued', 'Denied', 'Failed'];
  return status?.conditions?.findLast(({ type }) => states.includes(type))?.type ?? 'Pending';
}

export const podCertificateRequestResource = defineResource<PodCertificateRequest>({
  kind: 'PodCertificateRequest',
  plural: 'podcertificaterequests',
  singular: 'podcertificaterequest',
  namespaced: true,
  groups: [
    {
      group: 'certificates.k8s.io',
      versions: [
        {
          version: 'v1beta1',
          schema: 'io.k8s.api.certificates.v1beta1.PodCertificateRequest',
          served: false,
          defaults: ({ spec }) => {
            if (spec !== undefined) spec.maxExpirationSeconds ??= 86_400;
          },
        },
      ],
    },
  ],
  selectableFields: {
    'spec.signerName': ({ spec }) => spec?.signerName ?? '',
    'spec.podName': ({ spec }) => spec?.podName ?? '',
    'spec.nodeName': ({ spec }) => spec?.nodeName ?? '',
  },
  hasGeneration: false,
  hasStatus: true,
  statusKeepsMetadata: true,
  unconditionalUpdate: false,
  validate: (request, _context, old) => (old === undefined ? validatePodRequest(request) : []),
  validateUpdate: (next, old) => validateImmutableField(next.spec, old.spec, specPath),
  validateStatusUpdate: (next, old, { clock }) =>
    validatePodRequestStatus(next, old, clock.nowMs()),
  table: {
    columns: [
      nameColumn,
      column(
        'PodName',
        'podName is the name of the pod into which the certificate will be mounted.',
      ),
      column(
        'ServiceAccountName',
        'serviceAccountName is the name of the service account the pod is running as.',
      ),
      column('NodeName', 'nodeName is the name of the node the pod is assigned to.'),
      column(
        'SignerName',
        'signerName indicates the requested signer.\n\nAll signer names beginning with ' +
          '`kubernetes.io` are reserved for use by the Kubernetes project.  There is currently one ' +
          'well-known signer documented by the Kubernetes project, ' +
          '`kubernetes.io/kube-apiserver-client-pod`, which will issue client certificates ' +
          'understood by kube-apiserver.  It is currently unimplemented.',
      ),
      column('State', 'Is the request Pending, Issued, Denied, or Failed?'),
      wideColumn(
        'UnverifiedUserAnnotations',
        'unverifiedUserAnnotations allow pod authors to pass additional information to the signer ' +
          'implementation.  Kubernetes does not restrict or validate this metadata in any way.\n\n' +
          'Entries are subject to the same validation as object metadata annotations, with the ' +
          'addition that all keys must be domain-prefixed. No restrictions are placed on values, ' +
          'except an overall size limitation on the entire field.\n\nSigners should document the ' +
          'keys and values they support.  Signers should deny requests that contain keys they do ' +
          'not recognize.',
      ),
    ],
    cells: (request) => [
      nameCell(request),
      request.spec?.podName ?? '',
      request.spec?.serviceAccountName ?? '',
      request.spec?.nodeName ?? '',
      request.spec?.signerName ?? '',
      stateCell(request),
      labelsCell(request.spec?.unverifiedUserAnnotations),
    ],
  },
});
