// The ClusterRole aggregation controller: fills roles with the rules of those that they select.
import { keyOf } from '../client/object-store.ts';
import { clusterRoles } from '../client/resource-ref.ts';
import type { ClusterRole } from '../objects.ts';
import { type LabelMatcher, labelSelectorMatcher } from '../selector.ts';
import { canonicalJson } from './deployment-template.ts';
import { ignoreNotFound } from './ownership.ts';
import type { Controller } from './runner.ts';

type PolicyRule = NonNullable<ClusterRole['rules']>[number];

const fieldManager = 'clusterrole-aggregation-controller';

export const clusterRoleAggregationController: Controller = {
  name: 'clusterrole-aggregation-controller',
  start(context) {
    const all = context.informers.informer(clusterRoles);
    const queue = context.queue('clusterrole-aggregation', async (name) => {
      const role = all.get('', name);
      if (role?.aggregationRule === undefined) return undefined;
      const rules = aggregatedRules(role, all.list());
      if (canonicalJson(rules) === canonicalJson(role.rules ?? [])) return undefined;
      const applied = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name },
        rules,
      };
      await context.client
        .patch(clusterRoles, '', name, 'apply', applied, { fieldManager, force: true })
        .catch(ignoreNotFound);
      return undefined;
    });
    // Any role may be part of any other; there are few that select.
    const wake = () => {
      for (const role of all.list()) {
        if (role.aggregationRule !== undefined) queue.add(keyOf(role));
      }
    };
    all.subscribe({ add: wake, update: wake, delete: wake });
  },
};

/** The rules of all roles that `role` selects, by name, each rule once; never its own. */
export function aggregatedRules(
  role: ClusterRole,
  all: readonly ClusterRole[],
): readonly PolicyRule[] {
  const name = role.metadata?.name ?? '';
  const seen = new Set<string>();
  const rules: PolicyRule[] = [];
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const matches: LabelMatcher = labelSelectorMatcher(selector);
    const selected = all
      .filter((each) => each.metadata?.name !== name && matches(each.metadata?.labels))
      .sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
    for (const rule of selected.flatMap((each) => each.rules ?? [])) {
      const text = canonicalJson(rule);
      if (seen.has(text)) continue;
      seen.add(text);
      rules.push(rule);
    }
  }
  return rules;
}
