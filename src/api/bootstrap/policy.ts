// Writes bootstrap RBAC at start and adds what somebody took out, as upstream's reconciliation does.
import type { ClusterRole, ClusterRoleBinding } from '../../objects.ts';
import type { FoundResource, ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { RequestContext } from '../../registry/engine/types.ts';
import type { ApiObject } from '../../registry/resource.ts';
import { isReason } from '../../status.ts';
import { type PolicyRule, uncoveredRules } from '../authorization/rules.ts';
import { controllerRoles } from './policy-controllers.ts';
import {
  type BootstrapBinding,
  type BootstrapRole,
  clusterRoleBindings,
  clusterRoles,
} from './policy-roles.ts';

const group = 'rbac.authorization.k8s.io';
const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate';
const bootstrapLabels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };

/** All roles, the controllers' included. */
export function bootstrapRoles(): readonly BootstrapRole[] {
  const controllers = Object.entries(controllerRoles).map(([name, rules]) => ({
    name: `system:controller:${name}`,
    rules,
  }));
  return [...clusterRoles, ...controllers];
}

function bootstrapBindings(): readonly BootstrapBinding[] {
  const controllers = Object.keys(controllerRoles).map((name) => ({
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
  contextFor: (found: FoundResource, namespace: string, name: string) => RequestContext,
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
  const current = store.cache.get(store.key('', context.name));
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

function addMissingRules(current: ClusterRole, wanted: ClusterRole): ClusterRole | undefined {
  // Rules of aggregated roles belong to the controller.
  if (wanted.aggregationRule !== undefined) return undefined;
  const missing = uncoveredRules(current.rules ?? [], wanted.rules ?? []);
  if (missing.length === 0) return undefined;
  return { ...current, rules: [...(current.rules ?? []), ...missing] };
}

function addMissingSubjects(
  current: ClusterRoleBinding,
  wanted: ClusterRoleBinding,
): ClusterRoleBinding | undefined {
  const key = (subject: { kind: string; namespace?: string; name: string }) =>
    `${subject.kind}/${subject.namespace ?? ''}/${subject.name}`;
  const held = new Set((current.subjects ?? []).map(key));
  const missing = (wanted.subjects ?? []).filter((subject) => !held.has(key(subject)));
  if (missing.length === 0) return undefined;
  return { ...current, subjects: [...(current.subjects ?? []), ...missing] };
}
