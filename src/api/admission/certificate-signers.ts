// CertificateApproval, CertificateSigning, CertificateSubjectRestriction: who may decide on requests.
import { parseSigningRequest } from '../../certificates.ts';
import { describeError } from '../../logger.ts';
import type { CertificateSigningRequest } from '../../objects.ts';
import type { AdmissionAttributes } from '../../registry/engine/types.ts';
import { forbidden } from '../../status.ts';
import type { AdmissionParts, AdmissionPlugin } from './plugin.ts';
import { targetOf } from './plugin.ts';

const resource = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests' };
const clientSigner = 'kubernetes.io/kube-apiserver-client';
const target = 'certificatesigningrequests.certificates.k8s.io';

/** Deciding (`approve`) and signing (`sign`) need that verb on the signer. */
export function certificateSigners({ authorizer }: AdmissionParts): AdmissionPlugin {
  const may = async (attributes: AdmissionAttributes, verb: string, signer: string) => {
    const ask = async (name: string) =>
      (
        await authorizer.authorize({
          user: attributes.context.user,
          verb,
          isResource: true,
          path: '',
          group: resource.group,
          version: '*',
          namespace: '',
          resource: 'signers',
          subresource: '',
          name,
        })
      ).allowed;
    return (await ask(signer)) || (await ask(`${signer.split('/')[0]}/*`));
  };
  return {
    name: 'CertificateSigners',
    async validate(attributes) {
      const at = targetOf(attributes);
      if (attributes.operation === 'CREATE' && at === target) await restrictSubject(attributes);
      const signing = at === `${target}/status` && isSigned(attributes);
      if (attributes.operation !== 'UPDATE' || (at !== `${target}/approval` && !signing)) return;
      const { spec, metadata } = attributes.old as unknown as CertificateSigningRequest;
      const [verb, what] = signing ? ['sign', 'sign'] : ['approve', 'approve'];
      if (await may(attributes, verb ?? '', spec.signerName)) return;
      throw forbidden(
        resource,
        metadata?.name ?? '',
        `user not permitted to ${what} requests with signerName ${JSON.stringify(spec.signerName)}`,
      );
    },
  };
}

/** A certificate for system:masters could never be taken back, so its signer gives none. */
async function restrictSubject({ object }: AdmissionAttributes): Promise<void> {
  const { spec, metadata } = object as unknown as CertificateSigningRequest;
  if (spec.signerName !== clientSigner) return;
  const refuse = (why: string) => forbidden(resource, metadata?.name ?? '', why);
  const pem = Buffer.from(spec.request, 'base64').toString();
  const request = await parseSigningRequest(pem).catch((error: unknown) => {
    throw refuse(`failed to parse CSR: ${describeError(error)}`);
  });
  if (!request.organizations.includes('system:masters')) return;
  throw refuse(`use of ${clientSigner} signer with system:masters group is not allowed`);
}

function isSigned({ object, old }: AdmissionAttributes): boolean {
  const certificate = (of: unknown) => (of as CertificateSigningRequest).status?.certificate ?? '';
  return certificate(object) !== certificate(old);
}
