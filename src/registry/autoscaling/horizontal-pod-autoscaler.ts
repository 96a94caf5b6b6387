// HorizontalPodAutoscaler: scales a workload by what is measured; stored as autoscaling/v2.
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerV1 } from '../../objects.ts';
import { defineResource, type ResourceVersion } from '../resource.ts';
import { autoscalerFromStorage, autoscalerToStorage } from './hpa-conversion.ts';
import { setAutoscalerDefaults } from './hpa-defaults.ts';
import { autoscalerTable } from './hpa-table.ts';
import { validateAutoscaler, validateAutoscalerStatusUpdate } from './hpa-validation.ts';

const v1: ResourceVersion<HorizontalPodAutoscalerV1> = {
  version: 'v1',
  schema: 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler',
  defaults({ spec }) {
    if (spec) spec.minReplicas ??= 1;
  },
  toStorage: (shown) => autoscalerToStorage(shown) as HorizontalPodAutoscalerV1,
  fromStorage: (stored) => autoscalerFromStorage(stored as HorizontalPodAutoscaler),
};

export const horizontalPodAutoscalerResource = defineResource<HorizontalPodAutoscaler>({
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  groups: [
    {
      group: 'autoscaling',
      versions: [
        {
          version: 'v2',
          schema: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
          defaults: setAutoscalerDefaults,
        },
        v1 as unknown as ResourceVersion<HorizontalPodAutoscaler>,
      ],
    },
  ],
  hasGeneration: false,
  hasStatus: true,
  validate: validateAutoscaler,
  validateStatusUpdate: validateAutoscalerStatusUpdate,
  table: autoscalerTable,
});
