// Writes bootstrap RBAC at start and adds what somebody took out, as upstream's reconciliation does.
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../objects.ts';
import type { FoundResource, ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { RequestContext } from '../../registry/engine/types.ts';
import type { ApiObject } from '../../registry/resource.ts';
import { isReason } from '../../status.ts';
import { type PolicyRule, uncoveredRules } from '../authorization/rules.ts';
import { controllerRoles } from './policy-controllers.ts';
import { furtherControllerRoles } from './policy-further-controllers.ts';
import {
  type NamespaceRoleBinding,
  namespaceRoleBindings,
  namespaceRoles,
} from './policy-namespaces.ts';
import {
  type BootstrapBinding,
  type BootstrapRole,
  clusterRoleBindings,
  clusterRoles,
} from './policy-roles.ts';

const group = 'rbac.authorization.k8s.io';
const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate';
const bootstrapLabels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };

const allControllerRoles = { ...controllerRoles, ...furtherControllerRoles };

type ContextFor = (found: FoundResource, namespace: string, name: string) => RequestContext;

/** All roles, the controllers' included. */
export function bootstrapRoles(): readonly BootstrapRole[] {
  const controllers = Object.entries(allControllerRoles).map(([name, rules]) => ({
    name: `system:controller:${name}`,
    rules,
  }));
  return [...clusterRoles, ...controllers];
}

function bootstrapBindings(): readonly BootstrapBinding[] {
  const controllers = Object.keys(allControllerRoles).map((name) => ({
    name: `system:controller:${name}`,
    role: `system:controller:${name}`,
    serviceAccounts: [`kube-system/${name}`],
  }));
  return [...clusterRoleBindings, ...controllers];
}

/**
 * Brings every bootstrap role and binding to at least what it must hold. Extra rules and subjects
 * stay; objects with `rbac.authorization.kubernetes.io/autoupdate: "false"` are left alone.
 *
 * @param contextFor a request by the server itself, past authorization and admission's rules
 */
export async function ensureBootstrapPolicy(
  registry: ResourceRegistry,
  contextFor: ContextFor,
): Promise<void> {
  const roles = found(registry, 'clusterroles');
  const bindings = found(registry, 'clusterrolebindings');
  await Promise.all([roles.store.ready(), bindings.store.ready()]);
  const wantedRoles = bootstrapRoles();
  await Promise.all([
    ...wantedRoles.map((role) =>
      ensure(
        roles,
        contextFor(roles, '', role.name),
        roleObject(role, wantedRoles),
        addMissingRules,
      ),
    ),
    ...bootstrapBindings().map((binding) =>
      ensure(
        bindings,
        contextFor(bindings, '', binding.name),
        bindingObject(binding),
        addMissingSubjects,
      ),
    ),
  ]);
}

/** The same for roles and bindings inside the system namespaces, which must exist. */
export async function ensureNamespacePolicy(
  registry: ResourceRegistry,
  contextFor: ContextFor,
): Promise<void> {
  const roles = found(registry, 'roles');
  const bindings = found(registry, 'rolebindings');
  await Promise.all([roles.store.ready(), bindings.store.ready()]);
  await Promise.all([
    ...namespaceRoles.map(({ namespace, name, rules }) => {
      const metadata = { ...objectMeta(name), namespace };
      const wanted = { apiVersion: `${group}/v1`, kind: 'Role', metadata, rules: [...rules] };
      return ensure(roles, contextFor(roles, namespace, name), wanted as Role, addMissingRules);
    }),
    ...namespaceRoleBindings.map((binding) => {
      const context = contextFor(bindings, binding.namespace, binding.name);
      return ensure(bindings, context, namespaceBinding(binding), addMissingSubjects);
    }),
  ]);
}

function found(registry: ResourceRegistry, plural: string): FoundResource {
  const resource = registry.find(group, 'v1', plural);
  if (resource === undefined) throw new Error(`${plural} are not served`);
  return resource;
}

/** Creates `wanted`, or updates what exists when `merge` says that something is missing. */
async function ensure<T>(
  { store }: FoundResource,
  context: RequestContext,
  wanted: T,
  merge: (current: T, wanted: T) => T | undefined,
): Promise<void> {
  const current = store.cache.get(store.key(context.namespace, context.name));
  if (current === undefined) {
    try {
      await store.create(context, wanted as unknown as ApiObject);
    } catch (error) {
      // Another server on the same storage was quicker.
      if (!isReason(error, 'AlreadyExists')) throw error;
    }
    return;
  }
  const shown = store.present(context, current);
  if (shown.metadata.annotations?.[autoupdate] === 'false') return;
  const next = merge(shown as unknown as T, wanted);
  if (next === undefined) return;
  try {
    await store.update(context, next as unknown as ApiObject);
  } catch (error) {
    if (!isReason(error, 'Conflict')) throw error;
  }
}

function objectMeta(name: string, labels: Readonly<Record<string, string>> = {}) {
  return { name, labels: { ...bootstrapLabels, ...labels }, annotations: { [autoupdate]: 'true' } };
}

function roleObject(role: BootstrapRole, all: readonly BootstrapRole[]): ClusterRole {
  const label = (target: string) => `${group}/aggregate-to-${target}`;
  const labels = role.aggregateTo === undefined ? {} : { [label(role.aggregateTo)]: 'true' };
  const aggregates = role.aggregates ?? [];
  return {
    apiVersion: `${group}/v1`,
    kind: 'ClusterRole',
    metadata: objectMeta(role.name, labels),
    // The aggregation controller keeps the rules later; written at once, nobody waits for it.
    rules: [...(role.rules ?? aggregatedRules(role, all))] as PolicyRule[],
    ...(aggregates.length === 0
      ? {}
      : {
          aggregationRule: {
            clusterRoleSelectors: aggregates.map((each) => ({
              matchLabels: { [label(each)]: 'true' },
            })),
          },
        }),
  };
}

function aggregatedRules(
  role: BootstrapRole,
  all: readonly BootstrapRole[],
): readonly PolicyRule[] {
  return all
    .filter((each) => each.aggregateTo !== undefined && role.aggregates?.includes(each.aggregateTo))
    .flatMap((each) => each.rules ?? aggregatedRules(each, all));
}

function bindingObject(binding: BootstrapBinding): ClusterRoleBinding {
  const subject = (kind: string) => (name: string) => ({ apiGroup: group, kind, name });
  const account = (text: string) => {
    const [namespace = '', name = ''] = text.split('/');
    return { kind: 'ServiceAccount', namespace, name };
  };
  return {
    apiVersion: `${group}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: objectMeta(binding.name),
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: binding.role },
    subjects: [
      ...(binding.groups ?? []).map(subject('Group')),
      ...(binding.users ?? []).map(subject('User')),
      ...(binding.serviceAccounts ?? []).map(account),
    ],
  };
}

function namespaceBinding(binding: NamespaceRoleBinding): RoleBinding {
  const { namespace, name, role, users = [], serviceAccounts = [] } = binding;
  return {
    apiVersion: `${group}/v1`,
    kind: 'RoleBinding',
    metadata: { ...objectMeta(name), namespace },
    roleRef: { apiGroup: group, kind: 'Role', name: role },
    subjects: [
      ...users.map((user) => ({ apiGroup: group, kind: 'User', name: user })),
      ...serviceAccounts.map((account) => ({
        kind: 'ServiceAccount',
        namespace: 'kube-system',
        name: account,
      })),
    ],
  };
}

function addMissingRules<T extends ClusterRole | Role>(current: T, wanted: T): T | undefined {
  // Rules of aggregated roles belong to the controller.
  if ('aggregationRule' in wanted) return undefined;
  const missing = uncoveredRules(current.rules ?? [], wanted.rules ?? []);
  if (missing.length === 0) return undefined;
  return { ...current, rules: [...(current.rules ?? []), ...missing] };
}

function addMissingSubjects<T extends ClusterRoleBinding | RoleBinding>(
  current: T,
  wanted: T,
): T | undefined {
  const key = (subject: { kind: string; namespace?: string; name: string }) =>
    `${subject.kind}/${subject.namespace ?? ''}/${subject.name}`;
  const held = new Set((current.subjects ?? []).map(key));
  const missing = (wanted.subjects ?? []).filter((subject) => !held.has(key(subject)));
  if (missing.length === 0) return undefined;
  return { ...current, subjects: [...(current.subjects ?? []), ...missing] };
}
