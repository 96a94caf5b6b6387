// References from a pod to its own fields and resources (the downward API).

import { canonicalQuantity } from '../../quantity.ts';
import { type FieldError, type FieldPath, invalidValue, notSupported, required } from '../field.ts';

/** The field labels that pods know (upstream's AddFieldLabelConversionsForPod). */
const podFieldLabels: ReadonlySet<string> = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.host',
  'spec.hostNetwork',
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.nominatedNodeName',
  'status.phase',
  'status.podIP',
  'status.podIPs',
]);

/** @param supported the paths that may be named in this place, sorted */
export function validateFieldSelector(
  selector: { readonly apiVersion?: string; readonly fieldPath?: string },
  supported: readonly string[],
  path: FieldPath,
): FieldError[] {
  const { fieldPath = '' } = selector;
  if (!selector.apiVersion) return [required(path.child('apiVersion'))];
  if (fieldPath === '') return [required(path.child('fieldPath'))];
  const subscript = /^(.*)\['(.*)'\]$/.exec(fieldPath);
  const own = path.child('fieldPath');
  if (subscript !== null) {
    const base = subscript[1] ?? '';
    if (base === 'metadata.annotations' || base === 'metadata.labels') return [];
    return [invalidValue(own, base, 'does not support subscript')];
  }
  if (!podFieldLabels.has(fieldPath)) {
    const why = `error converting fieldPath: field label not supported: ${fieldPath}`;
    return [invalidValue(own, fieldPath, why)];
  }
  const field = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath;
  return supported.includes(field) ? [] : [notSupported(own, field, supported)];
}

const resourceFields = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const byteDivisors = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei';

/** @param inVolume a file of a volume must say whose resources it shows */
export function validateResourceSelector(
  selector: {
    readonly containerName?: string;
    readonly resource?: string;
    readonly divisor?: string;
  },
  path: FieldPath,
  inVolume: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  const { resource = '' } = selector;
  if (inVolume && !selector.containerName) errors.push(required(path.child('containerName')));
  if (resource === '') return [...errors, required(path.child('resource'))];
  const hugePages = /^(limits|requests)\.hugepages-/.test(resource);
  if (!resourceFields.includes(resource) && !hugePages) {
    return [...errors, notSupported(path.child('resource'), resource, resourceFields)];
  }
  return [...errors, ...validateDivisor(resource, selector.divisor, path)];
}

function validateDivisor(
  resource: string,
  divisor: string | undefined,
  path: FieldPath,
): FieldError[] {
  if (divisor === undefined || divisor === '0' || divisor === '') return [];
  const amount = canonicalQuantity(divisor);
  const name = resource.slice(resource.indexOf('.') + 1);
  const [shown, supported] =
    name === 'cpu' ? ['1m and 1', ['1m', '1']] : [byteDivisors, byteDivisors.split(', ')];
  if (supported.includes(amount)) return [];
  const kind = name.startsWith('hugepages-') ? 'hugepages' : name;
  const why = `only divisor's values ${shown} are supported with the ${kind} resource`;
  return [invalidValue(path.child('divisor'), amount, why)];
}
