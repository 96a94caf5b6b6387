// Who may ask for devices as an administrator, give devices to claims, and say how devices are.
import type { Namespace } from '../../objects.ts';
import { sameJson } from '../../registry/engine/json.ts';
import { kindName } from '../../registry/engine/request-checks.ts';
import type { AdmissionAttributes } from '../../registry/engine/types.ts';
import { type FieldError, FieldPath, forbiddenField } from '../../registry/field.ts';
import type { ClaimSpec, ClaimStatus } from '../../registry/resource/types.ts';
import { invalid } from '../../status.ts';
import {
  type AuthorizationAttributes,
  type Authorizer,
  denial,
} from '../authorization/authorizer.ts';
import { type AdmissionParts, type AdmissionPlugin, targetOf } from './plugin.ts';

const group = 'resource.k8s.io';
const adminLabel = 'resource.kubernetes.io/admin-access';
const nodeNameKey = 'authentication.kubernetes.io/node-name';
const statusPath = FieldPath.of('status');
/** A context does not tell PUT from PATCH: the right to either is enough. */
const verbs = ['update', 'patch'];

/** v1beta1 has no `exactly`: the fields stand in the request itself. */
type Request = NonNullable<NonNullable<ClaimSpec['devices']>['requests']>[number] & {
  adminAccess?: boolean;
};

export function resourceClaims({ authorizer, objects }: AdmissionParts): AdmissionPlugin {
  const refuse = ({ context, object }: AdmissionAttributes, errors: readonly FieldError[]) => {
    if (errors.length > 0) throw invalid(kindName(context), object?.metadata.name ?? '', errors);
  };
  const checkAdmin = async (attributes: AdmissionAttributes, path: FieldPath | undefined) => {
    if (path === undefined) return;
    const { namespace } = attributes.context;
    const found = await objects.fresh<Namespace>('', 'namespaces', '', namespace);
    if (found?.metadata?.labels?.[adminLabel] === 'true') return;
    const why = `admin access to devices requires the \`${adminLabel}: true\` label on the containing namespace`;
    refuse(attributes, [forbiddenField(path, why)]);
  };
  return {
    name: 'ResourceClaims',
    async validate(attributes) {
      const { operation, object, old } = attributes;
      const target = targetOf(attributes);
      if (operation === 'CREATE' && target === `resourceclaims.${group}`) {
        await checkAdmin(attributes, adminRequest(object?.spec as ClaimSpec));
      } else if (operation === 'CREATE' && target === `resourceclaimtemplates.${group}`) {
        const template = object?.spec as { readonly spec?: ClaimSpec } | undefined;
        await checkAdmin(attributes, adminRequest(template?.spec));
      } else if (operation === 'UPDATE' && target === `resourceclaims.${group}/status`) {
        const [next, before] = [object, old].map((each) => (each?.status ?? {}) as ClaimStatus);
        if (next === undefined || before === undefined) return;
        if (adminResult(before) === undefined) await checkAdmin(attributes, adminResult(next));
        refuse(attributes, [
          ...(await bindingErrors(attributes, authorizer, next, before)),
          ...(await driverErrors(attributes, authorizer, next, before)),
        ]);
      }
    },
  };
}

/** Upstream's path leaves `exactly` out. */
function adminRequest(spec: ClaimSpec | undefined): FieldPath | undefined {
  const requests = (spec?.devices?.requests ?? []) as readonly Request[];
  const index = requests.findIndex((each) => (each.exactly ?? each).adminAccess === true);
  const path = FieldPath.of('spec', 'devices', 'requests');
  return index < 0 ? undefined : path.index(index).child('adminAccess');
}

function adminResult(status: ClaimStatus): FieldPath | undefined {
  const results = status.allocation?.devices?.results ?? [];
  const index = results.findIndex((each) => each.adminAccess === true);
  const path = statusPath.child('allocation', 'devices', 'results');
  return index < 0 ? undefined : path.index(index).child('adminAccess');
}

function attributesFor(
  { context }: AdmissionAttributes,
  verb: string,
  subresource: string,
  name: string,
): AuthorizationAttributes {
  return {
    user: context.user,
    verb,
    isResource: true,
    path: '',
    group,
    version: context.served.version.version,
    namespace: subresource === 'binding' ? '' : context.namespace,
    resource: 'resourceclaims',
    subresource,
    name,
  };
}

/** Undefined when one of the verbs is allowed, else why the first one is not. */
async function refusal(
  attributes: AdmissionAttributes,
  authorizer: Authorizer,
  tried: readonly string[],
  subresource: string,
  name: string,
): Promise<string | undefined> {
  let first: string | undefined;
  for (const verb of tried) {
    const asked = attributesFor(attributes, verb, subresource, name);
    const decision = await authorizer.authorize(asked);
    if (decision.allowed) return undefined;
    first ??= denial(asked, decision.reason).message;
  }
  return first;
}

async function bindingErrors(
  attributes: AdmissionAttributes,
  authorizer: Authorizer,
  next: ClaimStatus,
  before: ClaimStatus,
): Promise<readonly FieldError[]> {
  const stands =
    sameJson(next.allocation, before.allocation) &&
    sameJson(next.reservedFor ?? [], before.reservedFor ?? []);
  if (stands) return [];
  const why = await refusal(attributes, authorizer, verbs, 'binding', '');
  if (why === undefined) return [];
  const detail =
    'changing status.allocation or status.reservedFor requires ' +
    `resource="resourceclaims/binding", verb="update" permission: ${why}`;
  return [forbiddenField(statusPath.child('allocation'), detail)];
}

/** Every driver whose devices' statuses change is asked for by name. */
async function driverErrors(
  attributes: AdmissionAttributes,
  authorizer: Authorizer,
  next: ClaimStatus,
  before: ClaimStatus,
): Promise<readonly FieldError[]> {
  if (next.allocation === undefined) return [];
  const near = isNear(attributes, next);
  const prefixes = near ? ['associated-node:', 'arbitrary-node:'] : ['arbitrary-node:'];
  const tried = prefixes.flatMap((prefix) => verbs.map((verb) => prefix + verb));
  const errors: FieldError[] = [];
  for (const driver of changedDrivers(next, before)) {
    const why = await refusal(attributes, authorizer, tried, 'driver', driver);
    if (why === undefined) continue;
    const shown = `[${prefixes.map((prefix) => `${prefix}update`).join(' ')}]`;
    const detail = `changing status.devices requires resource="resourceclaims/driver", verb="${shown}" permission: ${why}`;
    errors.push(forbiddenField(statusPath.child('devices'), detail));
  }
  return errors;
}

function changedDrivers(next: ClaimStatus, before: ClaimStatus): readonly string[] {
  const keyOf = ({
    driver,
    pool,
    device,
    shareID = '',
  }: NonNullable<ClaimStatus['devices']>[number]) =>
    JSON.stringify([driver, pool, device, shareID]);
  const old = new Map((before.devices ?? []).map((device) => [keyOf(device), device]));
  const changed = new Set<string>();
  for (const device of next.devices ?? []) {
    if (!sameJson(old.get(keyOf(device)), device)) changed.add(device.driver);
    old.delete(keyOf(device));
  }
  for (const { driver } of old.values()) changed.add(driver);
  return [...changed].sort();
}

/** Whether a service account asks from the one node that the devices are on. */
function isNear({ context }: AdmissionAttributes, { allocation }: ClaimStatus): boolean {
  const { name, extra } = context.user;
  const nodes = extra?.[nodeNameKey] ?? [];
  if (!name.startsWith('system:serviceaccount:') || nodes.length !== 1) return false;
  const terms = allocation?.nodeSelector?.nodeSelectorTerms ?? [];
  const [term] = terms;
  const fields = term?.matchFields ?? [];
  const [field] = fields;
  return (
    terms.length === 1 &&
    (term?.matchExpressions ?? []).length === 0 &&
    fields.length === 1 &&
    field?.key === 'metadata.name' &&
    field.operator === 'In' &&
    field.values?.length === 1 &&
    field.values[0] === nodes[0]
  );
}
