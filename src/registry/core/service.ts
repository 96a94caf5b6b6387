// Service: a stable name, address and ports in front of changing pods.
import type { Service } from '../../objects.ts';
import { validateDns1123Label } from '../metadata/names.ts';
import { defineResource } from '../resource.ts';
import { setServiceDefaults } from './service-defaults.ts';
import { serviceTable } from './service-table.ts';
import {
  dropTypeDependentFields,
  normalizeClusterIps,
  patchAllocatedValues,
} from './service-update.ts';
import {
  validateService,
  validateServiceStatusUpdate,
  validateServiceUpdate,
} from './service-validation.ts';
import { serviceWarnings } from './service-warnings.ts';

/** Upstream stores it with an ExternalName but does not show it. */
function dropInternalPolicy({ spec }: Service): void {
  if (spec?.type === 'ExternalName') delete spec.internalTrafficPolicy;
}

export const serviceResource = defineResource<Service>({
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  storagePrefix: 'services/specs',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  returnsDeletedObject: true,
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
  // Relaxed in v1.36: a name may start with a digit.
  validateName: validateDns1123Label,
  createOnUpdate: true,
  prepareCreate(service) {
    service.status = { loadBalancer: {} };
    normalizeClusterIps(service, undefined);
    dropInternalPolicy(service);
  },
  prepareUpdate(next, old) {
    patchAllocatedValues(next, old);
    normalizeClusterIps(next, old);
    dropTypeDependentFields(next, old);
    dropInternalPolicy(next);
  },
  validate: (service, _context, old) => validateService(service, old),
  validateUpdate: validateServiceUpdate,
  validateStatusUpdate: validateServiceStatusUpdate,
  warnings: serviceWarnings,
  table: serviceTable,
});
