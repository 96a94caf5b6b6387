// CSINode: which CSI drivers run on a node, and what they call it.
import type { CSINode } from '../../objects.ts';
import { validateCsiDriverName } from '../core/volume-source-validation.ts';
import { duplicate, type FieldError, FieldPath, invalidValue, required } from '../field.ts';
import { validateQualifiedName } from '../metadata/names.ts';
import { invalidEach, validateImmutableField } from '../metadata/object-meta.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';

type Driver = NonNullable<CSINode['spec']>['drivers'][number];

const driversPath = FieldPath.of('spec', 'drivers');
const nodeIdLengthMax = 256;

function validateTopologyKeys(keys: readonly string[], path: FieldPath): FieldError[] {
  return keys.flatMap((key, index) => [
    ...(key === '' ? [required(path)] : []),
    ...(keys.indexOf(key) < index ? [duplicate(path, key)] : []),
    ...invalidEach(path, key, validateQualifiedName(key)),
  ]);
}

function validateDriver(driver: Driver, path: FieldPath, taken: boolean): FieldError[] {
  const { name, nodeID = '', allocatable, topologyKeys } = driver;
  const errors = validateCsiDriverName(name, path.child('name'));
  if (nodeID === '') errors.push(required(path.child('nodeID')));
  if (Buffer.byteLength(nodeID) > nodeIdLengthMax) {
    const why = `must be ${nodeIdLengthMax} characters or less`;
    errors.push(invalidValue(path.child('nodeID'), nodeID, why));
  }
  const count = allocatable?.count ?? 0;
  if (count < 0) {
    const own = path.child('allocatable', 'count');
    errors.push(invalidValue(own, count, 'must be greater than or equal to 0'));
  }
  if (taken) errors.push(duplicate(path.child('name'), name));
  return [...errors, ...validateTopologyKeys(topologyKeys ?? [], path)];
}

function validateCsiNode({ spec }: CSINode): FieldError[] {
  const names = new Set<string>();
  return (spec?.drivers ?? []).flatMap((driver, index) => {
    const taken = names.has(driver.name);
    names.add(driver.name);
    return validateDriver(driver, driversPath.index(index), taken);
  });
}

/** As Go shows a driver of its internal type; how many volumes it can hold may change. */
function fixedPart({ name, nodeID, topologyKeys }: Driver): object {
  return { Name: name, NodeID: nodeID, TopologyKeys: topologyKeys ?? null, Allocatable: null };
}

/** Drivers come and go; one that stays, stays what it is. */
function validateCsiNodeUpdate(next: CSINode, old: CSINode): FieldError[] {
  return (old.spec?.drivers ?? []).flatMap((before) =>
    (next.spec?.drivers ?? [])
      .filter(({ name }) => name === before.name)
      .flatMap((after) => validateImmutableField(fixedPart(after), fixedPart(before), driversPath)),
  );
}

export const csiNodeResource = defineResource<CSINode>({
  kind: 'CSINode',
  plural: 'csinodes',
  singular: 'csinode',
  namespaced: false,
  groups: [
    {
      group: 'storage.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.storage.v1.CSINode' }],
    },
  ],
  hasGeneration: false,
  returnsDeletedObject: true,
  unconditionalUpdate: false,
  validate: validateCsiNode,
  validateUpdate: validateCsiNodeUpdate,
  table: {
    columns: [
      nameColumn,
      column(
        'Drivers',
        'Drivers indicates the number of CSI drivers registered on the node',
        'integer',
      ),
      ageColumn,
    ],
    cells: (node, nowMs) => [
      nameCell(node),
      (node.spec?.drivers ?? []).length,
      ageCell(node, nowMs),
    ],
  },
});
