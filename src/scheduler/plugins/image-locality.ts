// ImageLocality: prefers nodes that hold a pod's images already, the larger and rarer the better.
import type { Pod } from '../../objects.ts';
import type { Plugin } from '../types.ts';

const megabyte = 1024 * 1024;
const bytesMin = 23 * megabyte;
const bytesPerContainerMax = 1000 * megabyte;

export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  curedBy: [],
  prepare({ pod }, snapshot) {
    const nodeCount = snapshot.nodes.length;
    // A node scores less for an image that most have: pods shall not heap up on a few nodes.
    const images = imagesOf(pod)
      .map((image) => ({ image, share: snapshot.imageHolders(image) / nodeCount }))
      .filter(({ share }) => share > 0);
    if (images.length === 0) return undefined;
    const { containers = [], initContainers = [] } = pod.spec ?? {};
    const bytesMax = bytesPerContainerMax * (containers.length + initContainers.length);
    return {
      scoring: () => ({
        score(node) {
          let bytes = 0;
          for (const { image, share } of images) {
            bytes += Math.floor((node.images.get(image) ?? 0) * share);
          }
          const counted = Math.min(Math.max(bytes, bytesMin), bytesMax);
          return Math.floor((100 * (counted - bytesMin)) / (bytesMax - bytesMin));
        },
      }),
    };
  },
};

function imagesOf({ spec }: Pod): string[] {
  const names = [
    ...(spec?.initContainers ?? []).map(({ image }) => image),
    ...(spec?.containers ?? []).map(({ image }) => image),
    ...(spec?.volumes ?? []).map(({ image }) => image?.reference),
  ];
  return names.flatMap((name) => (name === undefined ? [] : [normalized(name)]));
}

/** Nodes list images with their tag. */
function normalized(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}
