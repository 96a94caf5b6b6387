// EndpointSlice: a share of the addresses behind a Service, of one address family.
import { isDeepStrictEqual } from 'node:util';
import type { EndpointSlice } from '../../objects.ts';
import { ipWarnings } from '../core/ip-validation.ts';
import { FieldPath } from '../field.ts';
import { validateDns1123Subdomain } from '../metadata/names.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from './endpoint-slice-validation.ts';

const shownMax = 3;

function setEndpointSliceDefaults(slice: EndpointSlice): void {
  for (const port of slice.ports ?? []) {
    port.name ??= '';
    port.protocol ??= 'TCP';
  }
}

function shortList(texts: readonly string[], whenEmpty: string): string {
  if (texts.length === 0) return whenEmpty;
  const list = texts.slice(0, shownMax).join(',');
  return texts.length > shownMax ? `${list} + ${texts.length - shownMax} more...` : list;
}

function portsCell(slice: EndpointSlice): string {
  const ports = (slice.ports ?? []).map(({ name, port }) =>
    port === undefined ? (name ?? '') : String(port),
  );
  return shortList(ports, '<unset>');
}

/** What the generation counts changes of; whether a list is empty or absent makes none. */
function content({ metadata, addressType, endpoints, ports }: EndpointSlice): unknown {
  const labels = metadata?.labels ?? {};
  return { addressType, endpoints: endpoints ?? [], ports: ports ?? [], labels };
}

const hostnameLabel = 'kubernetes.io/hostname';

/** The old field is not written through v1; of a node that it named before, the name is kept. */
function dropTopology(next: EndpointSlice, old: EndpointSlice | undefined): void {
  if (old !== undefined && isDeepStrictEqual(next.endpoints, old.endpoints)) return;
  const named = new Set(
    (old?.endpoints ?? []).map((endpoint) => endpoint.deprecatedTopology?.[hostnameLabel]),
  );
  for (const endpoint of next.endpoints ?? []) {
    const node = endpoint.deprecatedTopology?.[hostnameLabel] ?? '';
    if (endpoint.nodeName === undefined && named.has(node)) {
      if (validateDns1123Subdomain(node).length === 0) endpoint.nodeName = node;
    }
    delete endpoint.deprecatedTopology;
  }
}

const managedByUs: ReadonlySet<string | undefined> = new Set([
  'endpointslice-controller.k8s.io',
  'endpointslicemirroring-controller.k8s.io',
]);

function endpointSliceWarnings(slice: EndpointSlice): readonly string[] {
  const warnings: string[] = [];
  if (slice.addressType === 'FQDN') {
    warnings.push('spec.addressType: FQDN endpoints are deprecated');
  }
  if (managedByUs.has(slice.metadata?.labels?.['endpointslice.kubernetes.io/managed-by'])) {
    return warnings;
  }
  for (const [index, { addresses }] of (slice.endpoints ?? []).entries()) {
    const path = FieldPath.of('endpoints').index(index).child('addresses');
    for (const [at, address] of (addresses ?? []).entries()) {
      warnings.push(...ipWarnings(path.index(at), address));
    }
  }
  return warnings;
}

export const endpointSliceResource = defineResource<EndpointSlice>({
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  namespaced: true,
  groups: [
    {
      group: 'discovery.k8s.io',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.discovery.v1.EndpointSlice',
          defaults: setEndpointSliceDefaults,
        },
      ],
    },
  ],
  // There is no spec: any change but one of metadata counts, and one of labels does.
  hasGeneration: false,
  prepareCreate(slice) {
    slice.metadata ??= {};
    slice.metadata.generation = 1;
    dropTopology(slice, undefined);
  },
  prepareUpdate(next, old) {
    const generation = old.metadata?.generation ?? 0;
    next.metadata ??= {};
    const same = isDeepStrictEqual(content(next), content(old));
    next.metadata.generation = same ? generation : generation + 1;
    dropTopology(next, old);
  },
  validate: validateEndpointSlice,
  validateUpdate: validateEndpointSliceUpdate,
  warnings: endpointSliceWarnings,
  table: {
    columns: [
      nameColumn,
      column(
        'AddressType',
        'addressType specifies the type of address carried by this EndpointSlice. All addresses ' +
          'in this slice must be the same type. This field is immutable after creation. The ' +
          'following address types are currently supported: * IPv4: Represents an IPv4 Address. ' +
          '* IPv6: Represents an IPv6 Address. * FQDN: Represents a Fully Qualified Domain Name. ' +
          '(Deprecated) The EndpointSlice controller only generates, and kube-proxy only ' +
          'processes, slices of addressType "IPv4" and "IPv6". No semantics are defined for the ' +
          '"FQDN" type.',
      ),
      column(
        'Ports',
        'ports specifies the list of network ports exposed by each endpoint in this slice. Each ' +
          'port must have a unique name. Each slice may include a maximum of 100 ports. Services ' +
          'always have at least 1 port, so EndpointSlices generated by the EndpointSlice ' +
          'controller will likewise always have at least 1 port. EndpointSlices used for other ' +
          'purposes may have an empty ports list.',
      ),
      column(
        'Endpoints',
        'endpoints is a list of unique endpoints in this slice. Each slice may include a maximum ' +
          'of 1000 endpoints.',
      ),
      ageColumn,
    ],
    cells: (slice, nowMs) => [
      nameCell(slice),
      slice.addressType ?? '',
      portsCell(slice),
      shortList(
        (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses ?? []),
        '<unset>',
      ),
      ageCell(slice, nowMs),
    ],
  },
});
