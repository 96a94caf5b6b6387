// The flow schemas and priority levels that every server starts with, as upstream fixes or suggests them.
import type { FlowSchema, PriorityLevelConfiguration } from '../../objects.ts';
import {
  autoUpdateAnnotation,
  type FlowNonResourceRule,
  type FlowResourceRule,
  type FlowRule,
  type FlowSubject,
  flowControlGroup,
  type PriorityLevelSpec,
} from './types.ts';

const apiVersion = `${flowControlGroup}/v1`;
const meta = (name: string) => ({ name, annotations: { [autoUpdateAnnotation]: 'true' } });

function level(name: string, spec: PriorityLevelSpec): PriorityLevelConfiguration {
  return { apiVersion, kind: 'PriorityLevelConfiguration', metadata: meta(name), spec };
}

function queuedLevel(
  name: string,
  limits: { readonly shares: number; readonly lendable: number; readonly queues: number },
  handSize = 6,
): PriorityLevelConfiguration {
  const { shares, lendable, queues } = limits;
  return level(name, {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: shares,
      limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } },
      lendablePercent: lendable,
    },
  });
}

function schema(
  name: string,
  target: { readonly level: string; readonly precedence: number; readonly by?: string },
  rule: FlowRule,
): FlowSchema {
  return {
    apiVersion,
    kind: 'FlowSchema',
    metadata: meta(name),
    spec: {
      priorityLevelConfiguration: { name: target.level },
      matchingPrecedence: target.precedence,
      ...(target.by === undefined ? {} : { distinguisherMethod: { type: target.by } }),
      rules: [rule],
    },
  };
}

const groups = (...names: readonly string[]): FlowSubject[] =>
  names.map((name) => ({ kind: 'Group', group: { name } }));
const users = (...names: readonly string[]): FlowSubject[] =>
  names.map((name) => ({ kind: 'User', user: { name } }));
const systemAccounts: FlowSubject = {
  kind: 'ServiceAccount',
  serviceAccount: { namespace: 'kube-system', name: '*' },
};

function resources(
  verbs: string[],
  apiGroups: string[],
  names: string[],
  clusterScope: boolean,
): FlowResourceRule {
  const scope = clusterScope ? { clusterScope } : {};
  return { verbs, apiGroups, resources: names, ...scope, namespaces: ['*'] };
}

const everyResource = () => resources(['*'], ['*'], ['*'], true);
const everyPath = (): FlowNonResourceRule => ({ verbs: ['*'], nonResourceURLs: ['*'] });
const everything = (subjects: FlowSubject[]): FlowRule => ({
  subjects,
  resourceRules: [everyResource()],
  nonResourceRules: [everyPath()],
});
const everybody = () => groups('system:unauthenticated', 'system:authenticated');

export const exemptLevel: PriorityLevelConfiguration = level('exempt', {
  type: 'Exempt',
  exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 },
});

export const catchAllLevel: PriorityLevelConfiguration = level('catch-all', {
  type: 'Limited',
  limited: {
    nominalConcurrencyShares: 5,
    limitResponse: { type: 'Reject' },
    lendablePercent: 0,
  },
});

export const exemptSchema: FlowSchema = schema(
  'exempt',
  { level: 'exempt', precedence: 1 },
  everything(groups('system:masters')),
);

export const catchAllSchema: FlowSchema = schema(
  'catch-all',
  { level: 'catch-all', precedence: 10000, by: 'ByUser' },
  everything(everybody()),
);

/** Always there, whatever anybody does to them. */
export const mandatoryLevels: readonly PriorityLevelConfiguration[] = [catchAllLevel, exemptLevel];
export const mandatorySchemas: readonly FlowSchema[] = [exemptSchema, catchAllSchema];

export const suggestedLevels: readonly PriorityLevelConfiguration[] = [
  queuedLevel('system', { shares: 30, lendable: 33, queues: 64 }),
  queuedLevel('node-high', { shares: 40, lendable: 25, queues: 64 }),
  queuedLevel('leader-election', { shares: 10, lendable: 0, queues: 16 }, 4),
  queuedLevel('workload-high', { shares: 40, lendable: 50, queues: 128 }),
  queuedLevel('workload-low', { shares: 100, lendable: 90, queues: 128 }),
  queuedLevel('global-default', { shares: 20, lendable: 50, queues: 128 }),
];

export const suggestedSchemas: readonly FlowSchema[] = [
  schema(
    'system-nodes',
    { level: 'system', precedence: 500, by: 'ByUser' },
    everything(groups('system:nodes')),
  ),
  schema(
    'system-node-high',
    { level: 'node-high', precedence: 400, by: 'ByUser' },
    {
      subjects: groups('system:nodes'),
      resourceRules: [
        resources(['*'], [''], ['nodes', 'nodes/status'], true),
        resources(['*'], ['coordination.k8s.io'], ['leases'], false),
      ],
    },
  ),
  schema(
    'probes',
    { level: 'exempt', precedence: 2 },
    {
      subjects: everybody(),
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
    },
  ),
  schema(
    'system-leader-election',
    { level: 'leader-election', precedence: 100, by: 'ByUser' },
    {
      subjects: [
        ...users('system:kube-controller-manager', 'system:kube-scheduler'),
        systemAccounts,
      ],
      resourceRules: [
        resources(['get', 'create', 'update'], ['coordination.k8s.io'], ['leases'], false),
      ],
    },
  ),
  schema(
    'kube-controller-manager',
    { level: 'workload-high', precedence: 800, by: 'ByNamespace' },
    everything(users('system:kube-controller-manager')),
  ),
  schema(
    'kube-scheduler',
    { level: 'workload-high', precedence: 800, by: 'ByNamespace' },
    everything(users('system:kube-scheduler')),
  ),
  schema(
    'kube-system-service-accounts',
    { level: 'workload-high', precedence: 900, by: 'ByNamespace' },
    everything([systemAccounts]),
  ),
  schema(
    'service-accounts',
    { level: 'workload-low', precedence: 9000, by: 'ByUser' },
    everything(groups('system:serviceaccounts')),
  ),
  schema(
    'global-default',
    { level: 'global-default', precedence: 9900, by: 'ByUser' },
    everything(everybody()),
  ),
];
