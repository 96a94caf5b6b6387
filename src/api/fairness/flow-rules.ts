// Whether a request belongs to a flow schema: its subjects, and its rules of resources or paths.
import type { FlowSchema } from '../../objects.ts';
import type {
  FlowNonResourceRule,
  FlowResourceRule,
  FlowRule,
  FlowSubject,
} from '../../registry/flowcontrol/types.ts';
import type { User } from '../../registry/resource.ts';
import type { RequestInfo } from '../request-info.ts';

export function matchesSchema(schema: FlowSchema, user: User, info: RequestInfo): boolean {
  const rules = schema.spec?.rules;
  return rules?.some((rule) => matchesRule(rule, user, info)) ?? false;
}

function matchesRule(rule: FlowRule, user: User, info: RequestInfo): boolean {
  if (!(rule.subjects ?? []).some((subject) => matchesSubject(subject, user))) return false;
  if (info.isResource) {
    return rule.resourceRules?.some((each) => matchesResource(each, info)) ?? false;
  }
  return rule.nonResourceRules?.some((each) => matchesPath(each, info)) ?? false;
}

function matchesSubject(subject: FlowSubject, user: User): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.user?.name === '*' || subject.user?.name === user.name;
    case 'Group':
      return subject.group?.name === '*' || user.groups.includes(subject.group?.name ?? '');
    case 'ServiceAccount': {
      if (!user.name.startsWith('system:serviceaccount:')) return false;
      const { namespace = '', name = '' } = subject.serviceAccount ?? {};
      const prefix = `system:serviceaccount:${namespace}:`;
      return name === '*' ? user.name.startsWith(prefix) : user.name === prefix + name;
    }
    default:
      return false;
  }
}

/** `*` stands for all only on its own. */
function includes(list: readonly string[] | undefined, value: string): boolean {
  if (list === undefined) return false;
  return (list.length === 1 && list[0] === '*') || list.includes(value);
}

function matchesResource(rule: FlowResourceRule, info: RequestInfo): boolean {
  const { resource, subresource, namespace } = info;
  if (!includes(rule.verbs, info.verb)) return false;
  const wanted = subresource === '' ? resource : `${resource}/${subresource}`;
  if (!includes(rule.resources, wanted) || !includes(rule.apiGroups, info.group)) return false;
  return namespace === '' ? rule.clusterScope === true : includes(rule.namespaces, namespace);
}

function matchesPath(rule: FlowNonResourceRule, info: RequestInfo): boolean {
  if (!includes(rule.verbs, info.verb)) return false;
  return (rule.nonResourceURLs ?? []).some((url) => {
    if (url === '*' || url === info.path) return true;
    const prefix = url.endsWith('*') ? url.slice(0, -1) : url;
    return info.path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
  });
}
