// The key that upstream's storage errors show, by how a kind is declared.
import t from 'tap';
import { nodeResource } from '../core/node.ts';
import { podResource } from '../core/pod.ts';
import { serviceResource } from '../core/service.ts';
import type { Resource } from '../resource.ts';
import { upstreamKey } from './resource-key.ts';

const widgets: Resource = {
  kind: 'Widget',
  plural: 'widgets',
  singular: 'widget',
  namespaced: true,
  custom: true,
  groups: [{ group: 'example.com', versions: [] }],
};

t.test('keys as upstream would have them', async (t) => {
  t.equal(upstreamKey(podResource as Resource, 'default', 'a'), '/registry/pods/default/a');
  t.equal(upstreamKey(nodeResource as Resource, '', 'n'), '/registry/minions/n');
  t.equal(
    upstreamKey(serviceResource as Resource, 'default', 'a'),
    '/registry/services/specs/default/a',
  );
  t.equal(upstreamKey(widgets, 'default', 'a'), '/registry/example.com/widgets/default/a');
});
