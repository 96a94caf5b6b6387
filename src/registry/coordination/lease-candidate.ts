// LeaseCandidate: somebody who would lead, and what versions they are; beta, off by default.
import type { LeaseCandidate } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, notSupported, required } from '../field.ts';
import { validateConfigMapKey, validateQualifiedName } from '../metadata/names.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';

const specPath = FieldPath.of('spec');
const strategies = ['OldestEmulationVersion'];
const identifiers = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const number = '(0|[1-9]\\d*)';
const versionPattern = new RegExp(
  `^${number}\\.${number}\\.${number}(?:-${identifiers})?(?:\\+${identifiers})?$`,
);

/** Major, minor, patch; undefined for what is no semantic version. */
function parseVersion(text: string): readonly number[] | undefined {
  const match = versionPattern.exec(text);
  return match === null ? undefined : match.slice(1, 4).map(Number);
}

function isBelow(a: readonly number[], b: readonly number[]): boolean {
  const index = a.findIndex((each, at) => each !== b[at]);
  return index >= 0 && (a[index] ?? 0) < (b[index] ?? 0);
}

function validateCandidate({ spec }: LeaseCandidate): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { leaseName = '', binaryVersion = '', emulationVersion = '', strategy = '' } = spec ?? {};
  if (leaseName === '') errors.push(required(specPath.child('leaseName')));
  const why = 'must be a valid semantic version';
  const emulation = parseVersion(emulationVersion);
  const emulationPath = specPath.child('emulationVersion');
  if (emulationVersion !== '' && emulation === undefined) {
    errors.push(invalidValue(emulationPath, emulationVersion, why));
  }
  const binary = parseVersion(binaryVersion);
  const binaryPath = specPath.child('binaryVersion');
  if (binaryVersion === '') errors.push(required(binaryPath));
  else if (binary === undefined) errors.push(invalidValue(binaryPath, binaryVersion, why));
  if (binary !== undefined && emulation !== undefined && isBelow(binary, emulation)) {
    const low = 'must be greater than or equal to `emulationVersion`';
    errors.push(invalidValue(binaryPath, binaryVersion, low));
  }
  const strategyPath = specPath.child('strategy');
  if (strategy === '') return [...errors, required(strategyPath)];
  if (strategy === 'OldestEmulationVersion' && (emulation ?? []).every((each) => each === 0)) {
    const missing = "must be specified when `strategy` is 'OldestEmulationVersion'";
    errors.push(required(emulationPath, missing));
  }
  return [...errors, ...validateStrategy(strategy, strategyPath.child('strategy'))];
}

/** One of Kubernetes' own, or a qualified name of somebody else's. */
function validateStrategy(strategy: string, path: FieldPath): readonly FieldError[] {
  if (!strategy.includes('/')) {
    return strategies.includes(strategy) ? [] : [notSupported(path, strategy, strategies)];
  }
  return validateQualifiedName(strategy).map((message) => invalidValue(path, strategy, message));
}

export const leaseCandidateResource = defineResource<LeaseCandidate>({
  kind: 'LeaseCandidate',
  plural: 'leasecandidates',
  singular: 'leasecandidate',
  namespaced: true,
  groups: [
    {
      group: 'coordination.k8s.io',
      versions: ['v1beta1', 'v1alpha2'].map((version) => ({
        version,
        schema: `io.k8s.api.coordination.${version}.LeaseCandidate`,
        served: false,
      })),
    },
  ],
  selectableFields: { 'spec.leaseName': ({ spec }) => spec?.leaseName ?? '' },
  hasGeneration: false,
  createOnUpdate: true,
  unconditionalUpdate: false,
  validateName: validateConfigMapKey,
  validate: validateCandidate,
  validateUpdate: (next, old) =>
    validateImmutableField(next.spec?.leaseName, old.spec?.leaseName, specPath.child('leaseName')),
  table: {
    columns: [
      nameColumn,
      column(
        'LeaseName',
        'LeaseName is the name of the lease for which this candidate is contending. This field is ' +
          'immutable.',
      ),
      column('BinaryVersion', ''),
      column('EmulationVersion', ''),
      ageColumn,
    ],
    cells: (candidate, nowMs) => [
      nameCell(candidate),
      candidate.spec?.leaseName ?? '',
      candidate.spec?.binaryVersion ?? '',
      candidate.spec?.emulationVersion ?? '',
      ageCell(candidate, nowMs),
    ],
  },
});
