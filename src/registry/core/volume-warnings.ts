// What the author of a pod should hear of its volumes: drivers that are gone, files that overlap.
import type { PodSpec } from '../../objects.ts';
import type { FieldPath } from '../field.ts';
import { claimSpecWarnings } from './claim-spec-validation.ts';
import type { Volume } from './types.ts';

/** Sources whose drivers are gone, with the names upstream gives them; those before claims first. */
const retiredBefore = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
] as const;
const retiredAfter = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const;

function retiredWarnings(
  volume: Volume,
  path: FieldPath,
  retired: typeof retiredBefore | typeof retiredAfter,
): string[] {
  return retired.flatMap(([field, name, why]) =>
    volume[field] === undefined ? [] : [`${path.child(name)}: ${why}`],
  );
}

interface File {
  /** Without slashes at the end. */
  readonly path: string;
  /** What brings it, where several sources share a directory. */
  readonly source: string;
}

function filesOf(items: readonly { readonly path?: string }[] | undefined, source = ''): File[] {
  return (items ?? []).map(({ path = '' }) => ({ path: path.replace(/\/+$/, ''), source }));
}

function shown({ path, source }: File): string {
  return source === '' ? JSON.stringify(path) : `${JSON.stringify(path)} (${source})`;
}

function isWithin(inner: string, outer: string): boolean {
  return `${inner}/`.startsWith(`${outer}/`);
}

/** Each file that stands where another one, or a directory of another one, stands already. */
function overlaps(files: readonly File[]): string[] {
  return files.flatMap((file, index) => {
    if (file.path === '') return [];
    return files
      .slice(0, index)
      .filter(({ path }) => path !== '' && (isWithin(path, file.path) || isWithin(file.path, path)))
      .map((other) => `${shown(file)} with ${shown(other)}`);
  });
}

type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

/** Upstream looks at one kind per source, in this order. */
function projectedFiles(source: Projection): File[] {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap?.items) {
    return filesOf(configMap.items, `ConfigMap ${JSON.stringify(configMap.name ?? '')}`);
  }
  if (secret?.items) return filesOf(secret.items, `Secret ${JSON.stringify(secret.name ?? '')}`);
  if (downwardAPI?.items) return filesOf(downwardAPI.items, 'DownwardAPI');
  return serviceAccountToken ? filesOf([serviceAccountToken], 'ServiceAccountToken') : [];
}

function overlapWarnings(volume: Volume): string[] {
  const name = JSON.stringify(volume.name ?? '');
  const { configMap, secret, downwardAPI, projected } = volume;
  const say = (what: string, files: readonly File[]) =>
    overlaps(files).map((text) => `volume ${name} (${what}): overlapping paths: ${text}`);
  const sources = projected?.sources ?? [];
  const isEmpty = (source: Projection) =>
    Object.values(source).every((each) => each === undefined || each === null);
  return [
    ...say(`ConfigMap ${JSON.stringify(configMap?.name ?? '')}`, filesOf(configMap?.items)),
    ...say(`Secret ${JSON.stringify(secret?.secretName ?? '')}`, filesOf(secret?.items)),
    ...say('DownwardAPI', filesOf(downwardAPI?.items)),
    ...sources.filter(isEmpty).map(() => `volume ${name} (Projected) has no sources provided`),
    ...say('Projected', sources.flatMap(projectedFiles)),
  ];
}

/** `path` is the pod's spec. */
export function volumeWarnings(spec: PodSpec, path: FieldPath): string[] {
  const volumes = spec.volumes ?? [];
  return [
    ...volumes.flatMap((volume, index) => {
      const own = path.child('volumes').index(index);
      const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
      const claimPath = own.child('ephemeral', 'volumeClaimTemplate', 'spec');
      return [
        ...retiredWarnings(volume, own, retiredBefore),
        ...claimSpecWarnings(claim, claimPath),
        ...retiredWarnings(volume, own, retiredAfter),
      ];
    }),
    ...volumes.flatMap(overlapWarnings),
  ];
}
