// StorageVersion: which versions servers write and understand; alpha, off by default.
import type { StorageVersion } from '../../objects.ts';
import { duplicate, type FieldError, FieldPath, invalidValue, required } from '../field.ts';
import {
  emptyMessage,
  validateDns1035Label,
  validateDns1123Subdomain,
  validateQualifiedName,
} from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';

type Status = NonNullable<StorageVersion['status']>;
type ServerVersion = NonNullable<Status['storageVersions']>[number];

const statusPath = FieldPath.of('status');
const serversShown = 3;

/** `<group>.<resource>`. */
function validateName(name: string): readonly string[] {
  const dot = name.lastIndexOf('.');
  if (dot < 0) return ['name must be in the form of <group>.<resource>'];
  const group = validateDns1123Subdomain(name.slice(0, dot));
  const resource = validateDns1035Label(name.slice(dot + 1));
  return [
    ...group.map((message) => `the group segment ${message}`),
    ...resource.map((message) => `the resource segment ${message}`),
  ];
}

function validateStatus({ status }: StorageVersion): readonly FieldError[] {
  const errors: FieldError[] = [];
  const servers = status?.storageVersions ?? [];
  const ids = new Set<string>();
  servers.forEach((server, index) => {
    const path = statusPath.child('storageVersions').index(index);
    const id = server.apiServerID ?? '';
    if (ids.has(id)) errors.push(duplicate(path.child('apiServerID'), id));
    ids.add(id);
    errors.push(...validateServer(server, path));
  });
  return [
    ...errors,
    ...validateCommonVersion(status ?? {}, servers),
    ...validateConditions(status?.conditions ?? []),
  ];
}

function validateServer(server: ServerVersion, path: FieldPath): readonly FieldError[] {
  const { apiServerID: id = '', encodingVersion = '' } = server;
  const { decodableVersions = [], servedVersions = [] } = server;
  const errors = invalidEach(path.child('apiServerID'), id, validateDns1123Subdomain(id));
  const check = (version: string, at: FieldPath) => {
    const messages = apiVersionMessages(version);
    if (messages.length > 0) errors.push(invalidValue(at, version, messages.join(',')));
  };
  check(encodingVersion, path.child('encodingVersion'));
  const decodablePath = path.child('decodableVersions');
  decodableVersions.forEach((version, index) => {
    check(version, decodablePath.index(index));
  });
  if (!decodableVersions.includes(encodingVersion)) {
    const why = `decodableVersions must include encodingVersion ${encodingVersion}`;
    errors.push(invalidValue(decodablePath, decodableVersions, why));
  }
  servedVersions.forEach((version, index) => {
    const at = path.child('servedVersions').index(index);
    check(version, at);
    if (decodableVersions.includes(version)) return;
    const all = `[${decodableVersions.join(' ')}]`;
    const why = `individual served version : ${version} must be included in decodableVersions : ${all}`;
    errors.push(invalidValue(at, version, why));
  });
  return errors;
}

/** What is wrong with `group/version` or `version`. */
function apiVersionMessages(text: string): readonly string[] {
  const parts = text.split('/');
  if (parts.length > 2) {
    return [
      'an apiVersion is a DNS-1035 label, which must consist of lower case alphanumeric ' +
        "characters or '-', start with an alphabetic character, and end with an alphanumeric " +
        "character (e.g. 'my-name',  or 'abc-123', regex used for validation is " +
        "'[a-z]([-a-z0-9]*[a-z0-9])?') with an optional DNS subdomain prefix and '/' " +
        "(e.g. 'example.com/MyVersion')",
    ];
  }
  const messages: string[] = [];
  const version = parts.at(-1) ?? '';
  if (parts.length === 2) {
    const [group = ''] = parts;
    const wrong = group === '' ? [emptyMessage] : validateDns1123Subdomain(group);
    messages.push(...wrong.map((message) => `group part: ${message}`));
  }
  const wrong = version === '' ? [emptyMessage] : validateDns1035Label(version);
  return [...messages, ...wrong.map((message) => `version part: ${message}`)];
}

/** Says what all servers write, where they agree, and nothing where they do not. */
function validateCommonVersion(
  { commonEncodingVersion: common }: Status,
  servers: readonly ServerVersion[],
): readonly FieldError[] {
  const path = statusPath.child('commonEncodingVersion');
  const versions = new Set(servers.map((server) => server.encodingVersion ?? ''));
  const [actual] = versions.size === 1 ? versions : [];
  if (actual === common) return [];
  if (actual === undefined) {
    const why =
      'should be nil if servers do not agree on the same encoding version, or if there is no ' +
      'server reporting the supported versions yet';
    return [invalidValue(path, common, why)];
  }
  const why = common === undefined ? 'the common' : 'the actual common';
  return [invalidValue(path, common ?? null, `${why} encoding version is ${actual}`)];
}

/** The paths are upstream's, which leave `conditions` out. */
function validateConditions(conditions: NonNullable<Status['conditions']>): readonly FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Map<string, number>();
  conditions.forEach((condition, index) => {
    const path = statusPath.index(index);
    const { type, status, reason, message = '' } = condition;
    const first = seen.get(type);
    if (first !== undefined) {
      const why = `the type of the condition is not unique, it also appears in conditions[${first}]`;
      errors.push(invalidValue(path.child('type'), type, why));
    }
    seen.set(type, index);
    errors.push(...invalidEach(path.child('type'), type, validateQualifiedName(type)));
    errors.push(...invalidEach(path.child('status'), status, validateQualifiedName(status)));
    if (reason === '') errors.push(required(path.child('reason')));
    if (message === '') errors.push(required(path.child('message')));
  });
  return errors;
}

function serversCell(servers: readonly ServerVersion[]): string {
  const shown = servers
    .slice(0, serversShown)
    .map((server) => `${server.apiServerID ?? ''}=${server.encodingVersion ?? ''}`);
  if (shown.length === 0) return '<unset>';
  const text = shown.join(',');
  return servers.length > serversShown
    ? `${text} + ${servers.length - serversShown} more...`
    : text;
}

export const storageVersionResource = defineResource<StorageVersion>({
  kind: 'StorageVersion',
  plural: 'storageversions',
  singular: 'storageversion',
  namespaced: false,
  groups: [
    {
      group: 'internal.apiserver.k8s.io',
      versions: [
        {
          version: 'v1alpha1',
          schema: 'io.k8s.api.apiserverinternal.v1alpha1.StorageVersion',
          served: false,
        },
      ],
    },
  ],
  hasGeneration: false,
  hasStatus: true,
  statusKeepsMetadata: true,
  unconditionalUpdate: false,
  validateName,
  validateStatusUpdate: validateStatus,
  table: {
    columns: [
      nameColumn,
      column(
        'CommonEncodingVersion',
        'commonEncodingVersion is set to an encoding storage version if all API server instances ' +
          "share that same version. If they don't share one storage version, this field is left " +
          'empty. API servers should finish updating its storageVersionStatus entry before serving ' +
          'write operations, so that this field will be in sync with the reality.',
      ),
      column(
        'StorageVersions',
        'storageVersions lists the reported versions per API server instance.',
      ),
      ageColumn,
    ],
    cells: (object, nowMs) => [
      nameCell(object),
      object.status?.commonEncodingVersion ?? '<unset>',
      serversCell(object.status?.storageVersions ?? []),
      ageCell(object, nowMs),
    ],
  },
});
