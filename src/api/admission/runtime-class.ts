// RuntimeClass: gives pods the overhead, node selector and tolerations of the class they name.
import type { Pod, RuntimeClass } from '../../objects.ts';
import { compareQuantities, parseQuantity } from '../../quantity.ts';
import { copyJson, sameJson } from '../../registry/engine/json.ts';
import type { AdmissionAttributes } from '../../registry/engine/types.ts';
import { forbidden } from '../../status.ts';
import { type AdmissionParts, type AdmissionPlugin, refusedName, targetOf } from './plugin.ts';

type PodSpec = NonNullable<Pod['spec']>;
type Toleration = NonNullable<PodSpec['tolerations']>[number];
type Amounts = Readonly<Record<string, string>>;

const mismatch = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
const unfounded =
  'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead';

export function runtimeClass({ objects }: AdmissionParts): AdmissionPlugin {
  const find = async (attributes: AdmissionAttributes, name: string | undefined) => {
    if (name === undefined) return undefined;
    const found = await objects.fresh<RuntimeClass>('node.k8s.io', 'runtimeclasses', '', name);
    if (found !== undefined) return found;
    throw refusal(attributes, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
  };
  return {
    name: 'RuntimeClass',
    mutate(attributes) {
      const spec = newPodSpec(attributes);
      return spec?.runtimeClassName === undefined ? undefined : fill(attributes, spec);
    },
    validate(attributes) {
      const spec = newPodSpec(attributes);
      if (spec?.runtimeClassName === undefined && spec?.overhead === undefined) return undefined;
      return check(attributes, spec);
    },
  };

  async function fill(attributes: AdmissionAttributes, spec: PodSpec): Promise<void> {
    const found = await find(attributes, spec.runtimeClassName);
    const podFixed = found?.overhead?.podFixed;
    if (podFixed !== undefined) {
      const given = spec.overhead ?? {};
      if (Object.keys(given).length > 0 && !sameAmounts(given, podFixed)) {
        throw refusal(attributes, mismatch);
      }
      spec.overhead = copyJson(podFixed);
    }
    if (found?.scheduling !== undefined) setScheduling(attributes, spec, found.scheduling);
  }

  async function check(attributes: AdmissionAttributes, spec: PodSpec): Promise<void> {
    const found = await find(attributes, spec.runtimeClassName);
    const podFixed = found?.overhead?.podFixed;
    if (podFixed === undefined) {
      if (spec.overhead !== undefined) throw refusal(attributes, unfounded);
    } else if (!sameAmounts(spec.overhead ?? {}, podFixed)) {
      throw refusal(attributes, mismatch);
    }
  }
}

function newPodSpec(attributes: AdmissionAttributes): PodSpec | undefined {
  if (attributes.operation !== 'CREATE' || targetOf(attributes) !== 'pods') return undefined;
  return (attributes.object as Pod | undefined)?.spec;
}

function refusal(attributes: AdmissionAttributes, why: string) {
  return forbidden({ group: '', resource: 'pods' }, refusedName(attributes), why);
}

function sameAmounts(a: Amounts, b: Amounts): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => {
    const [mine, other] = [a[name], b[name]];
    if (mine === undefined || other === undefined) return false;
    return mine === other || compareQuantities(parseQuantity(mine), parseQuantity(other)) === 0;
  });
}

function setScheduling(
  attributes: AdmissionAttributes,
  spec: PodSpec,
  scheduling: NonNullable<RuntimeClass['scheduling']>,
): void {
  const selector = { ...spec.nodeSelector };
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    const given = Object.hasOwn(selector, key) ? selector[key] : undefined;
    if (given !== undefined && given !== value) {
      const why =
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; ` +
        `pod.spec.nodeSelector[${key}] = ${given}`;
      throw refusal(attributes, why);
    }
    selector[key] = value;
  }
  if (Object.keys(selector).length > 0) spec.nodeSelector = selector;
  const merged = mergeTolerations(spec.tolerations ?? [], scheduling.tolerations ?? []);
  if (merged.length > 0) spec.tolerations = merged.map((each) => copyJson(each));
}

/** Both lists without those that another one covers; of equal ones the first stays. */
export function mergeTolerations(
  first: readonly Toleration[],
  second: readonly Toleration[],
): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  for (const [index, each] of all.entries()) {
    if (merged.some((other) => covers(other, each))) continue;
    const later = all.slice(index + 1);
    if (later.some((other) => !sameJson(other, each) && covers(other, each))) continue;
    merged.push(each);
  }
  return merged;
}

/** Whether all that `inner` tolerates `outer` does too. */
function covers(outer: Toleration, inner: Toleration): boolean {
  if (sameJson(outer, inner)) return true;
  const text = (value: string | undefined) => value ?? '';
  const anyKey = !outer.key && outer.operator === 'Exists';
  if (text(inner.key) !== text(outer.key) && !anyKey) return false;
  if (outer.effect && inner.effect !== outer.effect) return false;
  if (outer.effect === 'NoExecute' && outer.tolerationSeconds !== undefined) {
    const { tolerationSeconds } = inner;
    if (tolerationSeconds === undefined || tolerationSeconds > outer.tolerationSeconds) {
      return false;
    }
  }
  if (outer.operator === 'Exists') return true;
  if (outer.operator && outer.operator !== 'Equal') return false;
  return inner.operator === 'Equal' && text(inner.value) === text(outer.value);
}
