// Service: a stable name, address and ports in front of changing pods.
import type { Service } from '../../objects.ts';
import { validateDns1035Label } from '../metadata/names.ts';
import { defineResource } from '../resource.ts';
import { setServiceDefaults } from './service-defaults.ts';
import { serviceTable } from './service-table.ts';
import {
  dropTypeDependentFields,
  normalizeClusterIps,
  patchAllocatedValues,
} from './service-update.ts';
import {
  serviceWarnings,
  validateService,
  validateServiceStatusUpdate,
  validateServiceUpdate,
} from './service-validation.ts';

export const serviceResource = defineResource<Service>({
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  groups: [
    {
      group: '',
      versions: [
        { version: 'v1', schema: 'io.k8s.api.core.v1.Service', defaults: setServiceDefaults },
      ],
    },
  ],
  selectableFields: {
    'spec.clusterIP': (service) => service.spec?.clusterIP ?? '',
    'spec.type': (service) => service.spec?.type ?? '',
  },
  hasGeneration: false,
  hasStatus: true,
  validateName: validateDns1035Label,
  prepareCreate(service) {
    service.status = { loadBalancer: {} };
    normalizeClusterIps(service, undefined);
  },
  prepareUpdate(next, old) {
    patchAllocatedValues(next, old);
    normalizeClusterIps(next, old);
    dropTypeDependentFields(next, old);
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  validateStatusUpdate: validateServiceStatusUpdate,
  warnings: serviceWarnings,
  table: serviceTable,
});
