// ClusterTrustBundle: certificate authorities that pods may trust, for a signer or for none; off.
import { X509Certificate } from 'node:crypto';
import type { ClusterTrustBundle } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, tooLong } from '../field.ts';
import { validateDns1123Subdomain, validatePathSegmentName } from '../metadata/names.ts';
import { invalidEach, validateImmutableField } from '../metadata/object-meta.ts';
import { column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { validateSignerName } from './certificate-signing-request-validation.ts';
import { pemBlocks } from './pem.ts';

const specPath = FieldPath.of('spec');
const bundlePath = specPath.child('trustBundle');
const bundleBytesMax = 1024 * 1024;

function validateBundle(
  { metadata, spec }: ClusterTrustBundle,
  old: ClusterTrustBundle | undefined,
): readonly FieldError[] {
  const { signerName = '', trustBundle = '' } = spec ?? {};
  const name = metadata?.name ?? '';
  const namePath = FieldPath.of('metadata', 'name');
  return [
    // Without a name, or with one that fits into no path, the engine has said it.
    ...(name === '' || validatePathSegmentName(name).length > 0
      ? []
      : invalidEach(namePath, name, nameMessages(name, signerName))),
    ...(signerName === '' ? [] : validateSignerName(signerName)),
    ...(old?.spec.trustBundle === trustBundle ? [] : validateAnchors(trustBundle)),
  ];
}

/** A signer's bundles carry its name before their own, slashes as colons. */
function nameMessages(name: string, signerName: string): readonly string[] {
  if (signerName === '') {
    if (!name.includes(':')) return validateDns1123Subdomain(name);
    return ['ClusterTrustBundle without signer name must not have ":" in its name'];
  }
  const prefix = `${signerName.replaceAll('/', ':')}:`;
  if (name.startsWith(prefix)) return validateDns1123Subdomain(name.slice(prefix.length));
  return [`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`];
}

/** Certificates of authorities, each once. */
function validateAnchors(bundle: string): readonly FieldError[] {
  if (Buffer.byteLength(bundle) > bundleBytesMax) return [tooLong(bundlePath, bundleBytesMax)];
  const refuse = (why: string) => invalidValue(bundlePath, '<value omitted>', why);
  const errors: FieldError[] = [];
  const indices = new Map<string, number[]>();
  pemBlocks(bundle).forEach((block, index) => {
    const why = anchorError(block);
    if (why !== undefined) errors.push(refuse(`entry ${index} ${why}`));
    else {
      const key = block.bytes.toString('base64');
      indices.set(key, [...(indices.get(key) ?? []), index]);
    }
  });
  if (errors.length > 0) return errors;
  if (indices.size === 0) return [refuse('at least one trust anchor must be provided')];
  return [...indices.values()]
    .filter((each) => each.length > 1)
    .map((each) => refuse(`duplicate trust anchor (indices [${each.join(' ')}])`));
}

function anchorError(block: ReturnType<typeof pemBlocks>[number]): string | undefined {
  if (block.type !== 'CERTIFICATE') return `has bad block type: ${block.type}`;
  if (block.hasHeaders) return 'has PEM block headers';
  try {
    return new X509Certificate(block.bytes).ca ? undefined : 'does not have the CA bit set';
  } catch {
    return 'does not parse as X.509';
  }
}

export const clusterTrustBundleResource = defineResource<ClusterTrustBundle>({
  kind: 'ClusterTrustBundle',
  plural: 'clustertrustbundles',
  singular: 'clustertrustbundle',
  namespaced: false,
  groups: [
    {
      group: 'certificates.k8s.io',
      versions: ['v1beta1', 'v1alpha1'].map((version) => ({
        version,
        schema: `io.k8s.api.certificates.${version}.ClusterTrustBundle`,
        served: false,
      })),
    },
  ],
  selectableFields: { 'spec.signerName': ({ spec }) => spec?.signerName ?? '' },
  hasGeneration: false,
  unconditionalUpdate: false,
  validateName: validatePathSegmentName,
  validate: (bundle, _context, old) => validateBundle(bundle, old),
  validateUpdate: (next, old) =>
    validateImmutableField(next.spec.signerName, old.spec.signerName, specPath.child('signerName')),
  table: {
    columns: [
      nameColumn,
      column(
        'SignerName',
        'signerName indicates the associated signer, if any.\n\nIn order to create or update a ' +
          'ClusterTrustBundle that sets signerName, you must have the following cluster-scoped ' +
          'permission: group=certificates.k8s.io resource=signers resourceName=<the signer name> ' +
          'verb=attest.\n\nIf signerName is not empty, then the ClusterTrustBundle object must be ' +
          'named with the signer name as a prefix (translating slashes to colons). For example, ' +
          'for the signer name `example.com/foo`, valid ClusterTrustBundle object names include ' +
          '`example.com:foo:abc` and `example.com:foo:v1`.\n\nIf signerName is empty, then the ' +
          "ClusterTrustBundle object's name must not have such a prefix.\n\nList/watch requests " +
          'for ClusterTrustBundles can filter on this field using a `spec.signerName=NAME` field ' +
          'selector.',
      ),
    ],
    cells: (bundle) => [nameCell(bundle), bundle.spec?.signerName || '<none>'],
  },
});
