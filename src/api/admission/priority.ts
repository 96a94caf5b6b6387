// Priority: resolves a pod's priority class to its number; one default class, system ones for ever.
import type { Pod, PriorityClass } from '../../objects.ts';
import type { AdmissionAttributes } from '../../registry/engine/types.ts';
import { systemPriorityClasses } from '../../registry/scheduling/priority-class.ts';
import { forbidden } from '../../status.ts';
import type { ObjectReader } from '../object-reader.ts';
import { type AdmissionParts, type AdmissionPlugin, refusedName, targetOf } from './plugin.ts';

const group = 'scheduling.k8s.io';
const plural = 'priorityclasses';
const classes = { group, resource: plural };

interface Resolved {
  readonly name: string;
  readonly value: number;
  readonly preemptionPolicy: string | undefined;
}

export function priority({ objects }: AdmissionParts): AdmissionPlugin {
  return {
    name: 'Priority',
    mutate(attributes) {
      if (targetOf(attributes) !== 'pods') return undefined;
      if (attributes.operation === 'CREATE') return admitPod(objects, attributes);
      if (attributes.operation === 'UPDATE') keepPriority(attributes);
      return undefined;
    },
    validate(attributes) {
      if (targetOf(attributes) !== `${plural}.${group}`) return undefined;
      if (attributes.operation === 'DELETE') refuseSystemDeletion(attributes);
      else checkDefault(objects, attributes);
      return undefined;
    },
  };
}

/** Of several default classes, which only a race can make, the one with the lowest value. */
function defaultClass(objects: ObjectReader): PriorityClass | undefined {
  let found: PriorityClass | undefined;
  for (const each of objects.list<PriorityClass>(group, plural)) {
    if (each.globalDefault !== true) continue;
    if (found === undefined || (each.value ?? 0) < (found.value ?? 0)) found = each;
  }
  return found;
}

async function resolve(objects: ObjectReader, name: string): Promise<Resolved | undefined> {
  const found =
    name === ''
      ? defaultClass(objects)
      : await objects.fresh<PriorityClass>(group, plural, '', name);
  if (found !== undefined) {
    const { metadata, value = 0, preemptionPolicy } = found;
    return { name: metadata?.name ?? '', value, preemptionPolicy };
  }
  return name === '' ? { name: '', value: 0, preemptionPolicy: 'PreemptLowerPriority' } : undefined;
}

async function admitPod(objects: ObjectReader, attributes: AdmissionAttributes): Promise<void> {
  const { object } = attributes;
  const { spec } = object as unknown as Pod;
  if (spec === undefined) return;
  const refuse = (why: string) =>
    forbidden({ group: '', resource: 'pods' }, refusedName(attributes), why);
  const found = await resolve(objects, spec.priorityClassName ?? '');
  if (found === undefined) {
    throw refuse(`no PriorityClass with name ${spec.priorityClassName} was found`);
  }
  if (found.name !== '') spec.priorityClassName = found.name;
  if (spec.priority != null && spec.priority !== found.value) {
    throw refuse(
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; ` +
        `priority admission controller computed ${found.value} from the given PriorityClass name`,
    );
  }
  spec.priority = found.value;
  const { preemptionPolicy: policy } = found;
  if (policy === undefined) return;
  if (spec.preemptionPolicy != null && spec.preemptionPolicy !== policy) {
    throw refuse(
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in ` +
        `pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  spec.preemptionPolicy = policy;
}

/** An update that leaves out what was filled in here gets it again. */
function keepPriority({ object, old }: AdmissionAttributes): void {
  const { spec } = object as unknown as Pod;
  const before = (old as Pod | undefined)?.spec;
  if (spec === undefined || before === undefined) return;
  if (before.priority != null) spec.priority ??= before.priority;
  if (before.preemptionPolicy != null) spec.preemptionPolicy ??= before.preemptionPolicy;
}

function checkDefault(objects: ObjectReader, { object, operation }: AdmissionAttributes): void {
  const { globalDefault, metadata } = object as unknown as PriorityClass;
  if (globalDefault !== true) return;
  const name = metadata?.name ?? '';
  const other = defaultClass(objects)?.metadata?.name;
  if (other === undefined || (operation === 'UPDATE' && other === name)) return;
  const why = `PriorityClass ${other} is already marked as default. Only one default can exist`;
  throw forbidden(classes, name, why);
}

function refuseSystemDeletion({ context, old }: AdmissionAttributes): void {
  const name = old?.metadata.name ?? context.name;
  if (!systemPriorityClasses.some((each) => each.name === name)) return;
  throw forbidden(classes, name, 'this is a system priority class and cannot be deleted');
}
