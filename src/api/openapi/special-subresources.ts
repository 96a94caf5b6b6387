// The subresources of built-in kinds that are no view of the stored object: streams and actions.
import type { Method, SpecialSubresource, SpecialSubresources } from './operations.ts';
import type { ParameterSet } from './parameters.ts';

function stream(name: ParameterSet, kind: string): SpecialSubresource {
  return {
    name,
    methods: ['get', 'post'],
    action: 'connect',
    type: { group: '', version: 'v1', kind },
    parameters: name,
  };
}

const everyMethod: readonly Method[] = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];

function proxy(kind: string, parameters: ParameterSet): SpecialSubresource {
  return {
    name: 'proxy',
    methods: everyMethod,
    action: 'connect',
    type: { group: '', version: 'v1', kind },
    parameters,
    withPath: true,
  };
}

function action(name: string, group: string, kind: string, schema: string): SpecialSubresource {
  return {
    name,
    methods: ['post'],
    action: 'post',
    type: { group, version: 'v1', kind },
    schema,
    parameters: 'write',
  };
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
    parameters: 'log',
  },
  proxy('PodProxyOptions', 'podProxy'),
];

const tokenSchema = 'io.k8s.api.authentication.v1.TokenRequest';
const serviceAccounts: readonly SpecialSubresource[] = [
  action('token', 'authentication.k8s.io', 'TokenRequest', tokenSchema),
];

const byPlural: Readonly<Record<string, readonly SpecialSubresource[]>> = {
  pods,
  serviceaccounts: serviceAccounts,
  services: [proxy('ServiceProxyOptions', 'serviceProxy')],
  nodes: [proxy('NodeProxyOptions', 'nodeProxy')],
};

/** Those of the kinds that every server has. */
export const builtinSubresources: SpecialSubresources = ({ resource, group }) =>
  group !== '' || resource.custom === true ? [] : (byPlural[resource.plural] ?? []);
