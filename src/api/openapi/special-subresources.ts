// The subresources of built-in kinds that are no view of the stored object: streams and actions.
import type { SpecialSubresource, SpecialSubresources } from './operations.ts';

function stream(name: string, kind: string): SpecialSubresource {
  return {
    name,
    methods: ['get', 'post'],
    action: 'connect',
    type: { group: '', version: 'v1', kind },
  };
}

function action(name: string, group: string, kind: string, schema: string): SpecialSubresource {
  return { name, methods: ['post'], action: 'post', type: { group, version: 'v1', kind }, schema };
}

const pods: readonly SpecialSubresource[] = [
  stream('attach', 'PodAttachOptions'),
  stream('exec', 'PodExecOptions'),
  stream('portforward', 'PodPortForwardOptions'),
  action('binding', '', 'Binding', 'io.k8s.api.core.v1.Binding'),
  action('eviction', 'policy', 'Eviction', 'io.k8s.api.policy.v1.Eviction'),
  {
    name: 'log',
    methods: ['get'],
    action: 'get',
    type: { group: '', version: 'v1', kind: 'Pod' },
  },
];

const tokenSchema = 'io.k8s.api.authentication.v1.TokenRequest';
const serviceAccounts: readonly SpecialSubresource[] = [
  action('token', 'authentication.k8s.io', 'TokenRequest', tokenSchema),
];

/** Those of the kinds that every server has. */
export const builtinSubresources: SpecialSubresources = ({ resource, group }) => {
  if (group !== '' || resource.custom === true) return [];
  if (resource.plural === 'pods') return pods;
  return resource.plural === 'serviceaccounts' ? serviceAccounts : [];
};
