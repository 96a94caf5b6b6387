// Ingress: rules that lead requests from outside to services, by host and path.
import type { Ingress } from '../../objects.ts';
import { ipWarnings } from '../core/ip-validation.ts';
import { FieldPath } from '../field.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import {
  classAnnotation,
  validateIngress,
  validateIngressStatusUpdate,
} from './ingress-validation.ts';

const hostsShownMax = 3;

function hostsCell({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const shown: string[] = [];
  let more = false;
  for (const { host } of rules) {
    if (shown.length === hostsShownMax) more = true;
    else if (host) shown.push(host);
  }
  if (shown.length === 0) return '*';
  const list = shown.join(',');
  return more ? `${list} + ${rules.length - hostsShownMax} more...` : list;
}

function addressCell({ status }: Ingress): string {
  const ingress = status?.loadBalancer?.ingress ?? [];
  const addresses = ingress.map(({ ip, hostname }) => ip || hostname || '').filter(Boolean);
  return [...new Set(addresses)].sort().join(',');
}

function ingressWarnings(
  { metadata, spec, status }: Ingress,
  old: Ingress | undefined,
  subresource: string | undefined,
): readonly string[] {
  if (subresource === 'status') {
    const path = FieldPath.of('status', 'loadBalancer', 'ingress');
    return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, index) =>
      ip ? ipWarnings(path.index(index), ip) : [],
    );
  }
  if (old !== undefined || spec?.ingressClassName !== undefined) return [];
  if (metadata?.annotations?.[classAnnotation] === undefined) return [];
  return [
    `annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`,
  ];
}

export const ingressResource = defineResource<Ingress>({
  kind: 'Ingress',
  plural: 'ingresses',
  singular: 'ingress',
  storagePrefix: 'ingress',
  shortNames: ['ing'],
  namespaced: true,
  groups: [
    {
      group: 'networking.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.networking.v1.Ingress' }],
    },
  ],
  hasStatus: true,
  validate: (ingress, _context, old) => validateIngress(ingress, old),
  validateStatusUpdate: validateIngressStatusUpdate,
  warnings: ingressWarnings,
  table: {
    columns: [
      nameColumn,
      column(
        'Class',
        'The name of the IngressClass resource that should be used for additional configuration',
      ),
      column('Hosts', 'Hosts that incoming requests are matched against before the ingress rule'),
      column('Address', 'Address is a list containing ingress points for the load-balancer'),
      column('Ports', 'Ports of TLS configurations that open'),
      ageColumn,
    ],
    cells: (ingress, nowMs) => [
      nameCell(ingress),
      ingress.spec?.ingressClassName ?? '<none>',
      hostsCell(ingress),
      addressCell(ingress),
      (ingress.spec?.tls ?? []).length > 0 ? '80, 443' : '80',
      ageCell(ingress, nowMs),
    ],
  },
});
