// DefaultTolerationSeconds: pods stay five minutes on a node that has become unreachable.
import type { Pod } from '../../objects.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { targetOf } from './plugin.ts';

const seconds = 300;
const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

export function defaultTolerationSeconds(): AdmissionPlugin {
  return {
    name: 'DefaultTolerationSeconds',
    mutate(attributes) {
      if (targetOf(attributes) !== 'pods' || attributes.object === undefined) return undefined;
      if (attributes.operation === 'DELETE') return undefined;
      const { spec } = attributes.object as unknown as Pod;
      if (spec === undefined) return undefined;
      for (const key of taints) {
        const tolerated = spec.tolerations?.some(
          (each) =>
            (!each.key || each.key === key) && (!each.effect || each.effect === 'NoExecute'),
        );
        if (tolerated === true) continue;
        const toleration = {
          key,
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: seconds,
        };
        spec.tolerations = [...(spec.tolerations ?? []), toleration];
      }
      return undefined;
    },
  };
}
