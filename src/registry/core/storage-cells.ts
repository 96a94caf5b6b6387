// How volumes and claims are shown in tables, and which class they are of.
import type { PersistentVolume, PersistentVolumeClaim } from '../../objects.ts';

export const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** The storage class by its old annotation, else by the field; undefined where none was asked for. */
export function storageClassOf(
  object: PersistentVolume | PersistentVolumeClaim,
): string | undefined {
  return object.metadata?.annotations?.[classAnnotation] ?? object.spec?.storageClassName;
}

const shortModes = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const;

export function accessModesCell(modes: readonly string[] | undefined): string {
  const known = shortModes.filter(([mode]) => modes?.includes(mode) === true);
  return known.map(([, short]) => short).join(',');
}
