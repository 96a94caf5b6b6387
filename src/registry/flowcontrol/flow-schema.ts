// FlowSchema: says which requests are one kind of flow, and at which priority level they wait.
import type { FlowSchema } from '../../objects.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { validateConditions, validateFlowSchema } from './flow-schema-validation.ts';
import { flowControlGroup } from './types.ts';

const defaultPrecedence = 1000;

function setFlowSchemaDefaults({ spec }: FlowSchema): void {
  if (spec && !spec.matchingPrecedence) spec.matchingPrecedence = defaultPrecedence;
}

/** The order in which schemas are tried: by precedence, then by name. */
export function compareFlowSchemas(a: FlowSchema, b: FlowSchema): number {
  const difference = (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0);
  if (difference !== 0) return difference;
  const [left, right] = [a.metadata?.name ?? '', b.metadata?.name ?? ''];
  return left < right ? -1 : left > right ? 1 : 0;
}

export const flowSchemaResource = defineResource<FlowSchema>({
  kind: 'FlowSchema',
  plural: 'flowschemas',
  singular: 'flowschema',
  namespaced: false,
  groups: [
    {
      group: flowControlGroup,
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.flowcontrol.v1.FlowSchema',
          defaults: setFlowSchemaDefaults,
        },
      ],
    },
  ],
  hasStatus: true,
  statusKeepsMetadata: true,
  prepareCreate(schema) {
    schema.status = {};
  },
  validate: validateFlowSchema,
  validateStatusUpdate: (schema) => validateConditions(schema.status?.conditions),
  table: {
    columns: [
      nameColumn,
      column(
        'PriorityLevel',
        '`name` is the name of the priority level configuration being referenced Required.',
      ),
      column(
        'MatchingPrecedence',
        '`matchingPrecedence` is used to choose among the FlowSchemas that match a given ' +
          'request. The chosen FlowSchema is among those with the numerically lowest (which we ' +
          'take to be logically highest) MatchingPrecedence.  Each MatchingPrecedence value must ' +
          'be ranged in [1,10000]. Note that if the precedence is not specified, it will be set ' +
          'to 1000 as default.',
      ),
      column(
        'DistinguisherMethod',
        '`distinguisherMethod` defines how to compute the flow distinguisher for requests that ' +
          'match this schema. `nil` specifies that the distinguisher is disabled and thus will ' +
          'always be the empty string.',
      ),
      ageColumn,
      column('MissingPL', 'references a broken or non-existent PriorityLevelConfiguration'),
    ],
    cells: (schema, nowMs) => [
      nameCell(schema),
      schema.spec?.priorityLevelConfiguration?.name ?? '',
      schema.spec?.matchingPrecedence ?? 0,
      schema.spec?.distinguisherMethod?.type ?? '<none>',
      ageCell(schema, nowMs),
      schema.status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    ],
    compareRows: compareFlowSchemas,
  },
});
