// Conditions of jobs: whether one holds, and whether a job has ended.
import type { Job } from '../../objects.ts';

type Conditions = NonNullable<Job['status']>['conditions'];

export function isConditionTrue(conditions: Conditions, type: string): boolean {
  return hasCondition(conditions, type, 'True');
}

export function isConditionFalse(conditions: Conditions, type: string): boolean {
  return hasCondition(conditions, type, 'False');
}

function hasCondition(conditions: Conditions, type: string, status: string): boolean {
  return (conditions ?? []).some((each) => each.type === type && each.status === status);
}
