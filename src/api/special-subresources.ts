// Subresources that are no view of the stored object: what discovery says of them.

export interface SpecialSubresource {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

const proxyVerbs = ['create', 'delete', 'get', 'patch', 'update'] as const;
const connectVerbs = ['create', 'get'] as const;

function core(name: string, kind: string, verbs: readonly string[]): SpecialSubresource {
  return { name, group: '', version: 'v1', kind, verbs };
}

const byResource: Readonly<Record<string, readonly SpecialSubresource[]>> = {
  pods: [
    core('attach', 'PodAttachOptions', connectVerbs),
    core('binding', 'Binding', ['create']),
    { name: 'eviction', group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
    core('exec', 'PodExecOptions', connectVerbs),
    core('log', 'Pod', ['get']),
    core('portforward', 'PodPortForwardOptions', connectVerbs),
    core('proxy', 'PodProxyOptions', proxyVerbs),
  ],
  services: [core('proxy', 'ServiceProxyOptions', proxyVerbs)],
  nodes: [core('proxy', 'NodeProxyOptions', proxyVerbs)],
  serviceaccounts: [
    {
      name: 'token',
      group: 'authentication.k8s.io',
      version: 'v1',
      kind: 'TokenRequest',
      verbs: ['create'],
    },
  ],
};

/** Those of a built-in kind; only the core group has any. */
export function specialSubresources(group: string, plural: string): readonly SpecialSubresource[] {
  return group === '' ? (byResource[plural] ?? []) : [];
}
