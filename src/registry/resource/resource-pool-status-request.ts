// ResourcePoolStatusRequest: asks how much of a driver's pools is in use; alpha, off by default.
import type { Condition, ResourcePoolStatusRequest } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, required } from '../field.ts';
import { ageSince } from '../human-duration.ts';
import { validateConditions } from '../metadata/conditions.ts';
import { validateImmutableField } from '../metadata/object-meta.ts';
import { column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { resourceGroup } from './group.ts';
import { validateDriverName, validatePoolName } from './name-validation.ts';

type Status = NonNullable<ResourcePoolStatusRequest['status']>;
type Pool = NonNullable<Status['pools']>[number];

const specPath = FieldPath.of('spec');
const statusPath = FieldPath.of('status');
const limitMax = 1000;

function validateRequest({ spec }: ResourcePoolStatusRequest): readonly FieldError[] {
  const { driver = '', poolName, limit } = spec ?? {};
  const errors: FieldError[] = [...validateDriverName(driver, specPath.child('driver'))];
  if (poolName !== undefined) {
    errors.push(...validatePoolName(poolName, specPath.child('poolName')));
  }
  const path = specPath.child('limit');
  if (limit === undefined) errors.push(required(path));
  else if (limit > limitMax) {
    errors.push(invalidValue(path, limit, `must be less than or equal to ${limitMax}`));
  } else if (limit < 1) {
    errors.push(invalidValue(path, limit, 'must be greater than or equal to 1'));
  }
  return errors;
}

function validateStatus({ status }: ResourcePoolStatusRequest): readonly FieldError[] {
  const errors: FieldError[] = [];
  (status?.pools ?? []).forEach((pool, index) => {
    const path = statusPath.child('pools').index(index);
    errors.push(...validateDriverName(pool.driver, path.child('driver')));
    errors.push(...validatePoolName(pool.poolName, path.child('poolName')));
  });
  const conditions = (status?.conditions ?? []) as Condition[];
  return [...errors, ...validateConditions(conditions, statusPath.child('conditions'))];
}

function sum(pools: readonly Pool[], count: (pool: Pool) => number | undefined): string {
  return String(pools.reduce((total, pool) => total + (count(pool) ?? 0), 0));
}

/** Total, available, allocated, unavailable, errors. */
function countCells(status: Status | undefined, failed: boolean): readonly string[] {
  if (status === undefined || failed) return ['-', '-', '-', '-', '-'];
  const pools = status.pools ?? [];
  return [
    sum(pools, (pool) => pool.totalDevices),
    sum(pools, (pool) => pool.availableDevices),
    sum(pools, (pool) => pool.allocatedDevices),
    sum(pools, (pool) => pool.unavailableDevices),
    sum(pools, (pool) => (pool.validationError === undefined ? 0 : 1)),
  ];
}

function cells(request: ResourcePoolStatusRequest, nowMs: number) {
  const { spec, status } = request;
  const decided = (status?.conditions ?? []).find(
    ({ type, status: word }) => (type === 'Complete' || type === 'Failed') && word === 'True',
  );
  const pools = status?.poolCount ?? 0;
  const listed = status?.pools?.length ?? 0;
  const complete = decided?.type === 'Complete';
  const word = decided?.type ?? 'Pending';
  return [
    nameCell(request),
    spec?.driver ?? '',
    ...countCells(status, word === 'Failed'),
    pools,
    complete && pools > listed ? `Complete (${listed}/${pools} pools)` : word,
    complete ? ageSince(decided.lastTransitionTime, nowMs) : '<none>',
  ];
}

export const resourcePoolStatusRequestResource = defineResource<ResourcePoolStatusRequest>({
  kind: 'ResourcePoolStatusRequest',
  plural: 'resourcepoolstatusrequests',
  singular: 'resourcepoolstatusrequest',
  namespaced: false,
  returnsDeletedObject: true,
  groups: [
    {
      group: resourceGroup,
      versions: [
        {
          version: 'v1alpha3',
          schema: 'io.k8s.api.resource.v1alpha3.ResourcePoolStatusRequest',
          served: false,
          defaults: ({ spec }) => {
            if (spec !== undefined) spec.limit ??= 100;
          },
        },
      ],
    },
  ],
  hasGeneration: false,
  hasStatus: true,
  statusKeepsMetadata: true,
  unconditionalUpdate: false,
  validate: validateRequest,
  validateUpdate: (next, old) => validateImmutableField(next.spec, old.spec, specPath),
  validateStatusUpdate: validateStatus,
  table: {
    columns: [
      nameColumn,
      column('Driver', 'The driver to query pools for.'),
      column('Total', 'Total number of devices across all pools.'),
      column('Available', 'Number of available devices across all pools.'),
      column('Allocated', 'Number of allocated devices across all pools.'),
      column('Unavailable', 'Number of unavailable devices across all pools.'),
      column('Errors', 'Number of pools with validation errors.'),
      column('Pools', 'Total number of matching pools.', 'integer'),
      column('Status', 'Processing status.'),
      column('Completed', 'Time since the observation completed.'),
    ],
    cells,
  },
});
