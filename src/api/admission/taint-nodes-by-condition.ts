// TaintNodesByCondition: a new node takes no pods before it is known to be ready.
import type { Node } from '../../objects.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { targetOf } from './plugin.ts';

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

export function taintNodesByCondition(): AdmissionPlugin {
  return {
    name: 'TaintNodesByCondition',
    mutate(attributes) {
      if (targetOf(attributes) !== 'nodes' || attributes.operation !== 'CREATE') return undefined;
      const node = attributes.object as unknown as Node;
      node.spec ??= {};
      const taints = node.spec.taints ?? [];
      const there = taints.some(
        ({ key, effect }) => key === notReady.key && effect === notReady.effect,
      );
      if (!there) node.spec.taints = [...taints, { ...notReady }];
      return undefined;
    },
  };
}
