// The order of groups and versions in discovery.
import t from 'tap';
import { builtinPriority, compareGroups, compareVersions } from './group-priorities.ts';

t.test('groups come by priority, then by name', (t) => {
  const groups = ['z.example.com', 'resource.k8s.io', 'apps', 'a.example.com', 'discovery.k8s.io'];
  t.strictSame([...groups, 'apiregistration.k8s.io', ''].sort(compareGroups), [
    'apiregistration.k8s.io',
    '',
    'apps',
    'discovery.k8s.io',
    'resource.k8s.io',
    'a.example.com',
    'z.example.com',
  ]);
  t.end();
});

t.test('versions come by priority, else as kubectl ranks them', (t) => {
  const order = (group: string, versions: readonly string[]) =>
    [...versions].sort((a, b) => compareVersions(group, a, b));
  t.strictSame(order('autoscaling', ['v1', 'v2']), ['v2', 'v1']);
  const mixed = ['foo10', 'v1alpha2', 'v1', 'v3beta1', 'v10', 'foo1', 'v1beta2', 'v2', 'v1beta10'];
  t.strictSame(order('a.example.com', mixed), [
    'v10',
    'v2',
    'v1',
    'v3beta1',
    'v1beta10',
    'v1beta2',
    'v1alpha2',
    'foo1',
    'foo10',
  ]);
  t.equal(builtinPriority('a.example.com', 'v1'), undefined);
  t.strictSame(builtinPriority('batch', 'v1'), { group: 17_400, version: 15 });
  t.end();
});
