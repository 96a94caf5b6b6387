// Nobody grants by a role or binding what they do not hold themselves, unless they may escalate.
import type { ClusterRole, RoleBinding } from '../../objects.ts';
import { resourceName } from '../../registry/engine/request-checks.ts';
import type { AdmissionAttributes } from '../../registry/engine/types.ts';
import { forbidden, type StatusError } from '../../status.ts';
import { describeRule, type PolicyRule, uncoveredRules } from '../authorization/rules.ts';
import type { AdmissionParts, AdmissionPlugin } from './plugin.ts';
import { targetOf } from './plugin.ts';

const group = 'rbac.authorization.k8s.io';

export function rbacEscalation({ authorizer, rbac }: AdmissionParts): AdmissionPlugin {
  const may = async (attributes: AdmissionAttributes, verb: string, role: RoleReference) => {
    const decision = await authorizer.authorize({
      user: attributes.context.user,
      verb,
      isResource: true,
      path: '',
      group,
      version: '*',
      namespace: role.kind === 'ClusterRole' ? '' : attributes.context.namespace,
      resource: role.kind === 'ClusterRole' ? 'clusterroles' : 'roles',
      subresource: '',
      name: role.name,
    });
    return decision.allowed;
  };
  const check = (attributes: AdmissionAttributes, rules: readonly PolicyRule[]) => {
    const { user, namespace } = attributes.context;
    const missing = uncoveredRules([...rbac.rulesFor(user, namespace)], rules);
    if (missing.length > 0) throw refusal(attributes, missing);
  };
  return {
    name: 'RbacEscalation',
    async validate(attributes) {
      const { context, operation, object, old } = attributes;
      if (operation !== 'CREATE' && operation !== 'UPDATE') return;
      if (context.user.groups.includes('system:masters')) return;
      const target = targetOf(attributes);
      if (target === `roles.${group}` || target === `clusterroles.${group}`) {
        const rules = rulesOf(object);
        // A change of labels grants nothing new.
        if (old !== undefined && JSON.stringify(rulesOf(old)) === JSON.stringify(rules)) return;
        const kind = context.served.resource.kind;
        const name = object?.metadata.name ?? '';
        if (await may(attributes, 'escalate', { kind, name })) return;
        check(attributes, rules);
      } else if (target === `rolebindings.${group}` || target === `clusterrolebindings.${group}`) {
        const { roleRef } = object as unknown as RoleBinding;
        if (await may(attributes, 'bind', roleRef)) return;
        const rules = rbac.rulesOf(roleRef.kind, context.namespace, roleRef.name);
        if (rules === undefined) {
          throw forbidden(
            resourceName(context),
            object?.metadata.name ?? '',
            `the role ${JSON.stringify(roleRef.name)} that is to be granted does not exist`,
          );
        }
        check(attributes, rules);
      }
    },
  };
}

interface RoleReference {
  readonly kind: string;
  readonly name: string;
}

function rulesOf(object: unknown): readonly PolicyRule[] {
  return (object as ClusterRole).rules ?? [];
}

function refusal(
  { context, object }: AdmissionAttributes,
  missing: readonly PolicyRule[],
): StatusError {
  const { user } = context;
  const groups = user.groups.map((each) => JSON.stringify(each)).join(' ');
  const rules = missing.map(describeRule).join('\n');
  return forbidden(
    resourceName(context),
    object?.metadata.name ?? '',
    `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC ` +
      `permissions not currently held:\n${rules}`,
  );
}
