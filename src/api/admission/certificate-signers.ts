// CertificateApproval, CertificateSigning, CertificateSubjectRestriction: who may decide on requests.
import { parseSigningRequest } from '../../certificates.ts';
import { describeError } from '../../logger.ts';
import type {
  CertificateSigningRequest,
  ClusterTrustBundle,
  PodCertificateRequest,
} from '../../objects.ts';
import { sameJson } from '../../registry/engine/json.ts';
import { kindName } from '../../registry/engine/request-checks.ts';
import type { AdmissionAttributes } from '../../registry/engine/types.ts';
import { FieldPath, forbiddenField } from '../../registry/field.ts';
import type { ApiObject } from '../../registry/resource.ts';
import { forbidden, invalid } from '../../status.ts';
import type { AdmissionParts, AdmissionPlugin } from './plugin.ts';
import { targetOf } from './plugin.ts';

const resource = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests' };
const clientSigner = 'kubernetes.io/kube-apiserver-client';
const target = 'certificatesigningrequests.certificates.k8s.io';
const bundles = 'clustertrustbundles.certificates.k8s.io';
const podRequests = 'podcertificaterequests.certificates.k8s.io/status';

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
  const checkAttest = async (attributes: AdmissionAttributes) => {
    const { operation, object, old } = attributes;
    if (operation !== 'CREATE' && operation !== 'UPDATE') return;
    const { spec, metadata } = object as unknown as ClusterTrustBundle;
    const signer = spec.signerName ?? '';
    if (signer === '' || (old !== undefined && sameMeaning(object, old))) return;
    if (await may(attributes, 'attest', signer)) return;
    const why = `user not permitted to attest for signerName ${JSON.stringify(signer)}`;
    throw forbidden({ ...resource, resource: 'clustertrustbundles' }, metadata?.name ?? '', why);
  };
  const checkPodSign = async (attributes: AdmissionAttributes) => {
    const { operation, object, old, context } = attributes;
    if (operation !== 'UPDATE' || sameJson(object?.status, old?.status)) return;
    const { spec, metadata } = old as unknown as PodCertificateRequest;
    if (await may(attributes, 'sign', spec.signerName)) return;
    const [user, signer] = [context.user.name, spec.signerName].map((each) => JSON.stringify(each));
    const why = `User ${user} is not permitted to "sign" for signer ${signer}`;
    const path = FieldPath.of('spec', 'signerName');
    throw invalid(kindName(context), metadata?.name ?? '', [forbiddenField(path, why)]);
  };
  return {
    name: 'CertificateSigners',
    async validate(attributes) {
      const at = targetOf(attributes);
      if (at === bundles) await checkAttest(attributes);
      if (at === podRequests) await checkPodSign(attributes);
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

/** Whether two objects differ at most in what garbage collection needs. */
function sameMeaning(next: ApiObject | undefined, old: ApiObject): boolean {
  const essence = (object: ApiObject | undefined) => {
    const {
      ownerReferences: _o,
      finalizers: _f,
      managedFields: _m,
      ...meta
    } = object?.metadata ?? {};
    return { ...object, metadata: meta };
  };
  return sameJson(essence(next), essence(old));
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
