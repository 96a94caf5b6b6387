// Which empty lists become null, and which stay as they are.
import t from 'tap';
import { createForgetEmptyLists } from './empty-lists.ts';
import { loadTypeTable } from './table.ts';

const forget = createForgetEmptyLists(loadTypeTable());

t.test('empty lists that Go writes as null', async (t) => {
  const cases: readonly (readonly [string, object, object])[] = [
    ['io.k8s.api.rbac.v1.Role', { rules: [] }, { rules: null }],
    ['io.k8s.api.rbac.v1.Role', { rules: [{ verbs: [] }] }, { rules: [{ verbs: null }] }],
    ['io.k8s.api.rbac.v1.Role', {}, {}],
    [
      'io.k8s.api.core.v1.Pod',
      { metadata: { managedFields: [] }, spec: { containers: [], tolerations: [] } },
      { metadata: { managedFields: [] }, spec: { containers: null, tolerations: [] } },
    ],
    ['io.k8s.api.core.v1.ConfigMap', { data: {} }, { data: {} }],
  ];
  for (const [type, object, expected] of cases) {
    forget(type, object);
    t.strictSame(object, expected);
  }
});
