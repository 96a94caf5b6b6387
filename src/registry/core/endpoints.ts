// Endpoints: the addresses behind a Service in one object, kept for old clients beside slices.
import type { Endpoints } from '../../objects.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { validateEndpoints } from './endpoints-validation.ts';

const shownMax = 3;

function setEndpointsDefaults(endpoints: Endpoints): void {
  for (const subset of endpoints.subsets ?? []) {
    for (const port of subset.ports ?? []) port.protocol ||= 'TCP';
  }
}

function endpointsCell(endpoints: Endpoints): string {
  const shown: string[] = [];
  let count = 0;
  for (const subset of endpoints.subsets ?? []) {
    for (const { ip } of subset.addresses ?? []) {
      const ports = subset.ports ?? [];
      // Headless services without ports list bare addresses.
      const texts = ports.length === 0 ? [ip] : ports.map(({ port }) => hostPort(ip, port));
      count += texts.length;
      shown.push(...texts.slice(0, shownMax - shown.length));
    }
  }
  if (count === 0) return '<none>';
  const list = shown.join(',');
  return count > shownMax ? `${list} + ${count - shownMax} more...` : list;
}

function hostPort(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

export const endpointsResource = defineResource<Endpoints>({
  kind: 'Endpoints',
  listKind: 'EndpointsList',
  plural: 'endpoints',
  singular: 'endpoints',
  storagePrefix: 'services/endpoints',
  createOnUpdate: true,
  shortNames: ['ep'],
  namespaced: true,
  groups: [
    {
      group: '',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.core.v1.Endpoints',
          deprecationWarning:
            'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
          defaults: setEndpointsDefaults,
        },
      ],
    },
  ],
  hasGeneration: false,
  validate: validateEndpoints,
  table: {
    columns: [
      nameColumn,
      column(
        'Endpoints',
        'The set of all endpoints is the union of all subsets. Addresses are placed into subsets ' +
          'according to the IPs they share. A single address with multiple ports, some of which ' +
          'are ready and some of which are not (because they come from different containers) ' +
          'will result in the address being displayed in different subsets for the different ' +
          'ports. No address will appear in both Addresses and NotReadyAddresses in the same ' +
          'subset. Sets of addresses and ports that comprise a service.',
      ),
      ageColumn,
    ],
    cells: (endpoints, nowMs) => [
      nameCell(endpoints),
      endpointsCell(endpoints),
      ageCell(endpoints, nowMs),
    ],
  },
});
