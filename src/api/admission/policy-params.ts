// Who writes a policy or a binding must be able to read the parameters that it names.
import type { ValidatingAdmissionPolicy } from '../../objects.ts';
import type { ParamKind, ParamRef } from '../../registry/admissionregistration/types.ts';
import { sameJson } from '../../registry/engine/json.ts';
import { kindName } from '../../registry/engine/request-checks.ts';
import type { AdmissionAttributes } from '../../registry/engine/types.ts';
import { FieldPath, forbiddenField } from '../../registry/field.ts';
import type { User } from '../../registry/resource.ts';
import { invalid } from '../../status.ts';
import { type AdmissionParts, type AdmissionPlugin, targetOf } from './plugin.ts';

const group = 'admissionregistration.k8s.io';
/** The policies that each kind of binding is for. */
const policiesOf: ReadonlyMap<string, string> = new Map([
  [`validatingadmissionpolicybindings.${group}`, 'validatingadmissionpolicies'],
  [`mutatingadmissionpolicybindings.${group}`, 'mutatingadmissionpolicies'],
]);
const policies = new Set([...policiesOf.values()].map((plural) => `${plural}.${group}`));

interface BindingSpec {
  readonly policyName?: string;
  readonly paramRef?: ParamRef;
}

/** What is asked for: the kind's own resource where it is known, else everything. */
interface Target {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly known: boolean;
}

const anything: Target = { group: '*', version: '*', resource: '*', known: false };

export function policyParams(parts: AdmissionParts): AdmissionPlugin {
  const targetFor = (kind: ParamKind): Target => {
    const [first = '', second] = (kind.apiVersion ?? '').split('/');
    const [inGroup, version] = second === undefined ? ['', first] : [first, second];
    const found = parts.registry.findKind(inGroup, version, kind.kind ?? '');
    const resource = found?.served.resource.plural;
    return { group: inGroup, version, resource: resource ?? '*', known: resource !== undefined };
  };
  const may = async (user: User, verb: string, target: Target, namespace: string, name: string) => {
    const { known: _known, ...where } = target;
    const request = { user, verb, isResource: true, path: '', subresource: '' };
    return (await parts.authorizer.authorize({ ...request, ...where, namespace, name })).allowed;
  };
  const checkPolicy = async (attributes: AdmissionAttributes) => {
    const kind = paramKindOf(attributes.object);
    if (kind === undefined || sameJson(kind, paramKindOf(attributes.old))) return;
    const { user } = attributes.context;
    if (await may(user, 'get', targetFor(kind), '*', '*')) return;
    refuse(
      attributes,
      'paramKind',
      `user ${goUser(user)} must have "get" permission on all objects of the referenced ` +
        `paramKind (kind=${kind.kind ?? ''}, apiVersion=${kind.apiVersion ?? ''})`,
    );
  };
  const checkBinding = async (attributes: AdmissionAttributes, plural: string) => {
    const spec = attributes.object?.spec as BindingSpec | undefined;
    const before = attributes.old?.spec as BindingSpec | undefined;
    const ref = spec?.paramRef;
    if (ref === undefined) return;
    const sameParams = sameJson(ref, before?.paramRef);
    if (sameParams && spec?.policyName === before?.policyName) return;
    const policyName = spec?.policyName ?? '';
    const policy = await parts.objects.fresh(group, plural, '', policyName);
    const kind = paramKindOf(policy);
    const target = kind === undefined ? anything : targetFor(kind);
    const { user } = attributes.context;
    const { name = '', namespace = '' } = ref;
    const verb = name === '' ? 'list' : 'get';
    if (await may(user, verb, target, namespace, name)) return;
    const who = `user ${goUser(user)} does not have "${verb}" permission`;
    const everywhere = `${who} for all groups, versions and resources`;
    const why = `to determine minimum required permissions and ${everywhere}`;
    if (policy === undefined) {
      refuse(attributes, 'paramRef', `unable to get policy ${policyName} ${why}`);
    } else if (kind !== undefined && !target.known) {
      const shown = `&ParamKind{APIVersion:${kind.apiVersion ?? ''},Kind:${kind.kind ?? ''},}`;
      refuse(attributes, 'paramRef', `unable to resolve paramKind ${shown} ${why}`);
    } else refuse(attributes, 'paramRef', `${who} on the object referenced by paramRef`);
  };
  return {
    name: 'PolicyParams',
    async validate(attributes) {
      const { operation, context } = attributes;
      if (operation !== 'CREATE' && operation !== 'UPDATE') return;
      if (context.user.groups.includes('system:masters')) return;
      const target = targetOf(attributes);
      const plural = policiesOf.get(target);
      if (policies.has(target)) await checkPolicy(attributes);
      else if (plural !== undefined) await checkBinding(attributes, plural);
    },
  };
}

function paramKindOf(policy: unknown): ParamKind | undefined {
  return (policy as ValidatingAdmissionPolicy | undefined)?.spec?.paramKind;
}

function refuse({ context, object }: AdmissionAttributes, field: string, why: string): never {
  const errors = [forbiddenField(FieldPath.of('spec', field), why)];
  throw invalid(kindName(context), object?.metadata.name ?? '', errors);
}

/** How Go prints a user: name, UID, groups and extra. */
function goUser({ name, uid = '', groups, extra = {} }: User): string {
  const more = Object.entries(extra)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, values]) => `${key}:[${values.join(' ')}]`);
  return `&{${name} ${uid} [${groups.join(' ')}] map[${more.join(' ')}]}`;
}
