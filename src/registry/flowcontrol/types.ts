// The parts of the flow control kinds' specs that rules, queues and validation work with.
import type { FlowSchema, PriorityLevelConfiguration } from '../../objects.ts';

export type FlowSchemaSpec = NonNullable<FlowSchema['spec']>;
export type FlowRule = NonNullable<FlowSchemaSpec['rules']>[number];
export type FlowSubject = FlowRule['subjects'][number];
export type FlowResourceRule = NonNullable<FlowRule['resourceRules']>[number];
export type FlowNonResourceRule = NonNullable<FlowRule['nonResourceRules']>[number];
export type PriorityLevelSpec = NonNullable<PriorityLevelConfiguration['spec']>;
export type LimitedLevel = NonNullable<PriorityLevelSpec['limited']>;
export type ExemptLevel = NonNullable<PriorityLevelSpec['exempt']>;
export type Queuing = NonNullable<NonNullable<LimitedLevel['limitResponse']>['queuing']>;

export const flowControlGroup = 'flowcontrol.apiserver.k8s.io';
/** Says whether the server may bring a suggested object's spec back to what it suggests. */
export const autoUpdateAnnotation = 'apf.kubernetes.io/autoupdate-spec';
