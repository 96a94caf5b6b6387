// Bootstrap roles and bindings inside namespaces, as upstream's kube-apiserver makes them.
import type { PolicyRule } from '../authorization/rules.ts';
import { eventsRule, read, rule } from './policy-rules.ts';

export interface NamespaceRole {
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

export interface NamespaceRoleBinding {
  readonly namespace: string;
  readonly name: string;
  readonly role: string;
  readonly users?: readonly string[];
  /** Names in kube-system. */
  readonly serviceAccounts?: readonly string[];
}

const leaderRules: readonly PolicyRule[] = [
  rule(`create ${read} update`, 'coordination.k8s.io', 'leases'),
  rule(`create ${read} update`, 'coordination.k8s.io', 'leasecandidates'),
];
const leaderOf = (component: string) => `system::leader-locking-${component}`;
const signer = 'system:controller:bootstrap-signer';
const cleaner = 'system:controller:token-cleaner';
const cloud = 'system:controller:cloud-provider';
const authenticationReader = 'extension-apiserver-authentication-reader';

export const namespaceRoles: readonly NamespaceRole[] = [
  {
    namespace: 'kube-public',
    name: signer,
    rules: [
      rule(read, 'core', 'configmaps'),
      rule('update', 'core', 'configmaps', 'cluster-info'),
      eventsRule,
    ],
  },
  {
    namespace: 'kube-system',
    name: authenticationReader,
    rules: [rule(read, 'core', 'configmaps', 'extension-apiserver-authentication')],
  },
  { namespace: 'kube-system', name: leaderOf('kube-controller-manager'), rules: leaderRules },
  { namespace: 'kube-system', name: leaderOf('kube-scheduler'), rules: leaderRules },
  { namespace: 'kube-system', name: signer, rules: [rule(read, 'core', 'secrets')] },
  {
    namespace: 'kube-system',
    name: cloud,
    rules: [rule(`create ${read}`, 'core', 'configmaps')],
  },
  {
    namespace: 'kube-system',
    name: cleaner,
    rules: [rule(`delete ${read}`, 'core', 'secrets'), eventsRule],
  },
];

const ofAccount = (namespace: string, name: string): NamespaceRoleBinding => ({
  namespace,
  name,
  role: name,
  serviceAccounts: [name.slice('system:controller:'.length)],
});

export const namespaceRoleBindings: readonly NamespaceRoleBinding[] = [
  ofAccount('kube-public', signer),
  {
    namespace: 'kube-system',
    name: `system::${authenticationReader}`,
    role: authenticationReader,
    users: ['system:kube-controller-manager', 'system:kube-scheduler'],
  },
  {
    namespace: 'kube-system',
    name: leaderOf('kube-controller-manager'),
    role: leaderOf('kube-controller-manager'),
    users: ['system:kube-controller-manager'],
    serviceAccounts: ['kube-controller-manager', 'leader-election-controller'],
  },
  {
    namespace: 'kube-system',
    name: leaderOf('kube-scheduler'),
    role: leaderOf('kube-scheduler'),
    users: ['system:kube-scheduler'],
    serviceAccounts: ['kube-scheduler'],
  },
  ofAccount('kube-system', signer),
  ofAccount('kube-system', cloud),
  ofAccount('kube-system', cleaner),
];
