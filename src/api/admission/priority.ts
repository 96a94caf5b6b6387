// Priority: resolves a pod's priority class to its number.
import type { Pod } from '../../objects.ts';
import { forbidden } from '../../status.ts';
import type { AdmissionParts, AdmissionPlugin } from './plugin.ts';
import { targetOf } from './plugin.ts';

interface PriorityClass {
  readonly metadata?: { readonly name?: string };
  readonly value: number;
  readonly globalDefault?: boolean;
  readonly preemptionPolicy?: string;
}

const group = 'scheduling.k8s.io';
/** Every cluster has these two; they need no object. */
const systemClasses: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};
const preemptLower = 'PreemptLowerPriority';

export function priority({ objects }: AdmissionParts): AdmissionPlugin {
  const resolve = (name: string): PriorityClass | undefined => {
    if (name === '') {
      for (const each of objects.list<PriorityClass>(group, 'priorityclasses')) {
        if (each.globalDefault === true) return each;
      }
      return { value: 0, preemptionPolicy: preemptLower };
    }
    const value = systemClasses[name];
    return value === undefined
      ? objects.get<PriorityClass>(group, 'priorityclasses', '', name)
      : { value, preemptionPolicy: preemptLower };
  };
  return {
    name: 'Priority',
    mutate(attributes) {
      const { context, object, operation } = attributes;
      if (targetOf(attributes) !== 'pods' || operation !== 'CREATE') return undefined;
      const { spec, metadata } = object as unknown as Pod;
      if (spec === undefined) return undefined;
      const refuse = (why: string) =>
        forbidden({ group: '', resource: 'pods' }, metadata?.name ?? context.name, why);
      const found = resolve(spec.priorityClassName ?? '');
      if (found === undefined) {
        throw refuse(`no PriorityClass with name ${spec.priorityClassName} was found`);
      }
      const className = found.metadata?.name;
      if (!spec.priorityClassName && className !== undefined) spec.priorityClassName = className;
      if (spec.priority != null && spec.priority !== found.value) {
        throw refuse(
          `the integer value of priority (${spec.priority}) must not be provided in pod spec; ` +
            `priority admission controller computed ${found.value} from the given PriorityClass name`,
        );
      }
      const policy = found.preemptionPolicy ?? preemptLower;
      if (spec.preemptionPolicy != null && spec.preemptionPolicy !== policy) {
        throw refuse(
          `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in ` +
            `pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
        );
      }
      spec.priority = found.value;
      spec.preemptionPolicy = policy;
      return undefined;
    },
  };
}
