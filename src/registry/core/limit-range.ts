// LimitRange: how much one container, pod or claim of a namespace may ask for, and by default does.
import type { LimitRange } from '../../objects.ts';
import { uuid } from '../../random.ts';
import { createdAtColumn, nameCell, nameColumn } from '../printer-column.ts';
import { roundToMilli } from '../quantity-validation.ts';
import { defineResource } from '../resource.ts';
import { type LimitItem, validateLimitRange } from './limit-range-validation.ts';

/** What is not said of containers follows from what is: limits from the maximum, and so on. */
function setItemDefaults(item: LimitItem): void {
  if (item.type === 'Container') {
    item.default = { ...item.max, ...item.default };
    item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
    if (Object.keys(item.default).length === 0) delete item.default;
    if (Object.keys(item.defaultRequest).length === 0) delete item.defaultRequest;
  }
  for (const list of [item.max, item.min, item.default, item.defaultRequest]) roundToMilli(list);
  roundToMilli(item.maxLimitRequestRatio);
}

export const limitRangeResource = defineResource<LimitRange>({
  kind: 'LimitRange',
  plural: 'limitranges',
  singular: 'limitrange',
  shortNames: ['limits'],
  namespaced: true,
  groups: [
    {
      group: '',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.core.v1.LimitRange',
          defaults({ spec }) {
            for (const item of spec?.limits ?? []) setItemDefaults(item);
          },
        },
      ],
    },
  ],
  hasGeneration: false,
  createOnUpdate: true,
  prepareCreate({ metadata }, { random }) {
    // Alone among all kinds, this one may be made without a name.
    if (metadata && !metadata.name) metadata.name = uuid(random);
  },
  validate: validateLimitRange,
  table: {
    columns: [nameColumn, createdAtColumn],
    cells: (range) => [nameCell(range), range.metadata?.creationTimestamp ?? null],
  },
});
