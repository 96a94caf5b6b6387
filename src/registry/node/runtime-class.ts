// RuntimeClass: which of a node's container runtimes runs a pod, and what that costs.
import type { RuntimeClass } from '../../objects.ts';
import { nodeLabelDeprecation } from '../core/node-label-warnings.ts';
import { validateResourceRequirements } from '../core/resource-validation.ts';
import { validateTolerations } from '../core/toleration-validation.ts';
import { duplicate, type FieldError, FieldPath, required } from '../field.ts';
import { validateDns1123Label } from '../metadata/names.ts';
import { invalidEach, validateImmutableField, validateLabels } from '../metadata/object-meta.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';

type Scheduling = NonNullable<RuntimeClass['scheduling']>;

const handlerPath = FieldPath.of('handler');
const schedulingPath = FieldPath.of('scheduling');

function validateRuntimeClass({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const errors = handler
    ? invalidEach(handlerPath, handler, validateDns1123Label(handler))
    : [required(handlerPath)];
  const podFixed = overhead?.podFixed;
  if (podFixed !== undefined) {
    const path = FieldPath.of('overhead');
    errors.push(...validateResourceRequirements({ limits: podFixed }, path));
  }
  return scheduling === undefined ? errors : [...errors, ...validateScheduling(scheduling)];
}

function validateScheduling({ nodeSelector, tolerations = [] }: Scheduling): FieldError[] {
  const path = schedulingPath.child('tolerations');
  const errors = [
    ...validateLabels(nodeSelector, schedulingPath.child('nodeSelector')),
    ...validateTolerations(tolerations, path),
  ];
  const seen = new Set<string>();
  for (const [index, toleration] of tolerations.entries()) {
    const { key = '', operator = '', value = '', effect = '' } = toleration;
    const identity = JSON.stringify([key, operator, value, effect]);
    if (seen.has(identity)) errors.push(duplicate(path.index(index), shown(toleration)));
    seen.add(identity);
  }
  return errors;
}

/** As Go's internal type is shown inside an error. */
function shown(toleration: NonNullable<Scheduling['tolerations']>[number]): object {
  const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration;
  return {
    Key: key,
    Operator: operator,
    Value: value,
    Effect: effect,
    TolerationSeconds: tolerationSeconds ?? null,
  };
}

function runtimeClassWarnings({ scheduling }: RuntimeClass): string[] {
  const path = schedulingPath.child('nodeSelector');
  return Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) => {
    const why = nodeLabelDeprecation(key);
    return why === undefined ? [] : [`${path}: ${why}`];
  });
}

export const runtimeClassResource = defineResource<RuntimeClass>({
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  singular: 'runtimeclass',
  namespaced: false,
  groups: [
    {
      group: 'node.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.node.v1.RuntimeClass' }],
    },
  ],
  createOnUpdate: true,
  unconditionalUpdate: false,
  validate: validateRuntimeClass,
  validateUpdate: (next, old) => validateImmutableField(next.handler, old.handler, handlerPath),
  warnings: runtimeClassWarnings,
  table: {
    columns: [nameColumn, column('Handler', ''), ageColumn],
    cells: (runtimeClass, nowMs) => [
      nameCell(runtimeClass),
      runtimeClass.handler,
      ageCell(runtimeClass, nowMs),
    ],
  },
});
