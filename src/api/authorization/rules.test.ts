import t from 'tap';
import { clusterRoles } from '../bootstrap/policy-roles.ts';
import { describeRule, ruleAllows, uncoveredRules } from './rules.ts';

const asks = (verb: string, group: string, resource: string, more: object = {}) => ({
  user: { name: 'jane', groups: [] },
  verb,
  isResource: true,
  path: '',
  group,
  version: 'v1',
  resource,
  subresource: '',
  namespace: 'default',
  name: '',
  ...more,
});

t.test('a rule covers its verbs, groups, resources and names, and nothing else', async (t) => {
  const rule = { verbs: ['get'], apiGroups: ['apps'], resources: ['deployments', '*/scale'] };
  t.ok(ruleAllows(rule, asks('get', 'apps', 'deployments')));
  t.ok(ruleAllows(rule, asks('get', 'apps', 'replicasets', { subresource: 'scale' })));
  t.notOk(ruleAllows(rule, asks('list', 'apps', 'deployments')));
  t.notOk(ruleAllows(rule, asks('get', '', 'deployments')));
  t.notOk(ruleAllows(rule, asks('get', 'apps', 'deployments', { subresource: 'status' })));
  const named = { ...rule, resourceNames: ['web'] };
  t.ok(ruleAllows(named, asks('get', 'apps', 'deployments', { name: 'web' })));
  t.notOk(ruleAllows(named, asks('get', 'apps', 'deployments', { name: 'db' })));
  t.notOk(ruleAllows(named, asks('get', 'apps', 'deployments')), 'a list has no name');
});

t.test('URLs match whole or by a trailing star', async (t) => {
  const rule = { verbs: ['get'], nonResourceURLs: ['/healthz', '/apis/*'] };
  const path = (text: string) => ({ ...asks('get', '', ''), isResource: false, path: text });
  t.ok(ruleAllows(rule, path('/healthz')));
  t.ok(ruleAllows(rule, path('/apis/apps/v1')));
  t.notOk(ruleAllows(rule, path('/healthz/etcd')));
  t.notOk(ruleAllows(rule, asks('get', 'apps', 'deployments')));
});

t.test('what a set of rules does not cover is told verb by verb', async (t) => {
  const owned = [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }];
  const wanted = [{ verbs: ['get', 'delete'], apiGroups: [''], resources: ['pods', 'pods/log'] }];
  t.same(uncoveredRules(owned, wanted).map(describeRule), [
    '{APIGroups:[""], Resources:["pods/log"], Verbs:["get"]}',
    '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
    '{APIGroups:[""], Resources:["pods/log"], Verbs:["delete"]}',
  ]);
  t.same(uncoveredRules([{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], wanted), []);
});

t.test('bootstrap roles have one name each', async (t) => {
  const names = clusterRoles.map((role) => role.name);
  t.equal(new Set(names).size, names.length);
});
