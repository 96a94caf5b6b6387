// ImageLocality: prefers nodes that hold a pod's images already, the larger and rarer the better.
import type { Plugin, Snapshot } from '../types.ts';

const megabyte = 1024 * 1024;
const leastBytes = 23 * megabyte;
const mostBytesPerContainer = 1000 * megabyte;

export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  curedBy: [],
  prepare({ pod }, snapshot) {
    const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
    const images = containers.map((container) => normalized(container.image ?? ''));
    const spread = new Map(images.map((image) => [image, spreadOf(image, snapshot)]));
    if ([...spread.values()].every((share) => share === 0)) return undefined;
    const most = mostBytesPerContainer * containers.length;
    return {
      score(node) {
        const bytes = images.reduce(
          (sum, image) => sum + (node.images.get(image) ?? 0) * (spread.get(image) ?? 0),
          0,
        );
        const counted = Math.min(Math.max(bytes, leastBytes), most);
        return Math.floor((100 * (counted - leastBytes)) / (most - leastBytes));
      },
    };
  },
};

function spreadOf(image: string, snapshot: Snapshot): number {
  const holders = snapshot.nodes.filter((node) => node.images.has(image)).length;
  return snapshot.nodes.length === 0 ? 0 : holders / snapshot.nodes.length;
}

/** Nodes list images with their tag. */
function normalized(image: string): string {
  const last = image.slice(image.lastIndexOf('/') + 1);
  return last.includes(':') || image.includes('@') ? image : `${image}:latest`;
}
