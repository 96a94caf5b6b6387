// A compact way to write RBAC rules, in the order that upstream's builder sorts them.
import type { PolicyRule } from '../authorization/rules.ts';

const words = (text: string) => text.split(/[\s,]+/).filter((word) => word !== '');
const group = (name: string) => (name === 'core' ? '' : name);

/** `rule('get list', 'apps', 'deployments replicasets')`; group `core` is the empty one. */
export function rule(verbs: string, groups: string, resources: string, names = ''): PolicyRule {
  const resourceNames = words(names);
  return {
    verbs: words(verbs),
    apiGroups: words(groups).map(group),
    resources: words(resources),
    ...(resourceNames.length === 0 ? {} : { resourceNames }),
  };
}

/** `urls('get', '/healthz /livez')`. */
export function urls(verbs: string, paths: string): PolicyRule {
  return { verbs: words(verbs), nonResourceURLs: words(paths) };
}

export const read = 'get list watch';
export const write = 'create delete deletecollection patch update';
export const readUpdate = 'get list watch update patch';

/** Events as every component writes them, in both groups. */
export const eventsRule: PolicyRule = rule('create patch update', 'core events.k8s.io', 'events');
