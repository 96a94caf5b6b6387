// The narrower doors to a pod: ephemeral containers and resize, each changing one part only.
import type { Pod } from '../../objects.ts';
import type { ObjectSubresource } from '../resource.ts';

/** Everything but `spec` fields named by `take` comes from `old`. */
function carryOver(next: Pod, old: Pod): void {
  const { metadata } = next;
  const resourceVersion = metadata?.resourceVersion;
  next.metadata = {
    ...old.metadata,
    ...(metadata?.managedFields === undefined ? {} : { managedFields: metadata.managedFields }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  if (old.status !== undefined) next.status = old.status;
}

const ephemeralContainers: ObjectSubresource<Pod> = {
  name: 'ephemeralcontainers',
  verbs: ['get', 'update', 'patch'],
  prepareUpdate(next, old) {
    const asked = next.spec?.ephemeralContainers;
    carryOver(next, old);
    next.spec = {
      ...(old.spec ?? { containers: [] }),
      ...(asked === undefined ? {} : { ephemeralContainers: asked }),
    };
  },
};

export const podSubresources: readonly ObjectSubresource<Pod>[] = [ephemeralContainers];
