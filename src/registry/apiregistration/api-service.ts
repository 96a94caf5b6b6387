// APIService: who serves a group-version: this server itself, or a Service it is proxied to.
import { timestamp } from '../../clock.ts';
import type { APIService } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue, notSupported, required } from '../field.ts';
import {
  validateDns1035Label,
  validateDns1123Subdomain,
  validatePathSegmentName,
  validatePortNumber,
} from '../metadata/names.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';

type Spec = NonNullable<APIService['spec']>;
type Condition = NonNullable<NonNullable<APIService['status']>['conditions']>[number];

const specPath = FieldPath.of('spec');
const groupPriorityMax = 20_000;
const versionPriorityMax = 1000;
const conditionStatuses = ['True', 'False', 'Unknown'];

/** The condition of every APIService without a Service. `now` is a metav1.Time. */
export function localCondition(now: string): Condition {
  return {
    type: 'Available',
    status: 'True',
    lastTransitionTime: now,
    reason: 'Local',
    message: 'Local APIServices are always available',
  };
}

function validateApiService(object: APIService): readonly FieldError[] {
  const { spec } = object;
  const { group = '', version = '' } = spec ?? {};
  return [
    ...validateName(object.metadata?.name ?? '', `${version}.${group}`),
    ...(spec === undefined ? [] : validateSpec(spec)),
  ];
}

function validateName(name: string, wanted: string): readonly FieldError[] {
  // Without a name the engine has said all there is to say.
  if (name === '' || name === wanted || validatePathSegmentName(name).length > 0) return [];
  const why = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`;
  return [invalidValue(FieldPath.of('metadata', 'name'), name, why)];
}

function validateSpec(spec: Spec): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { group = '', version = '', service } = spec;
  const groupPath = specPath.child('group');
  if (group === '' && version !== 'v1') {
    const why = 'only v1 may have an empty group and it better be legacy kube';
    errors.push(required(groupPath, why));
  }
  if (group !== '') {
    for (const why of validateDns1123Subdomain(group)) {
      errors.push(invalidValue(groupPath, group, why));
    }
  }
  for (const why of validateDns1035Label(version)) {
    errors.push(invalidValue(specPath.child('version'), version, why));
  }
  const { groupPriorityMinimum, versionPriority } = spec;
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > groupPriorityMax) {
    const why = `must be positive and less than ${groupPriorityMax}`;
    errors.push(invalidValue(specPath.child('groupPriorityMinimum'), groupPriorityMinimum, why));
  }
  if (versionPriority <= 0 || versionPriority > versionPriorityMax) {
    const why = `must be positive and less than ${versionPriorityMax}`;
    errors.push(invalidValue(specPath.child('versionPriority'), versionPriority, why));
  }
  return [...errors, ...(service === undefined ? validateLocal(spec) : validateRemote(spec))];
}

function validateLocal({ caBundle = '', insecureSkipTLSVerify }: Spec): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (caBundle !== '') {
    const bytes = `${Buffer.from(caBundle, 'base64').length} bytes`;
    const why = 'local APIServices may not have a caBundle';
    errors.push(invalidValue(specPath.child('caBundle'), bytes, why));
  }
  if (insecureSkipTLSVerify === true) {
    const why = 'local APIServices may not have insecureSkipTLSVerify';
    errors.push(invalidValue(specPath.child('insecureSkipTLSVerify'), true, why));
  }
  return errors;
}

function validateRemote(spec: Spec): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { namespace = '', name = '', port = 443 } = spec.service ?? {};
  const path = specPath.child('service');
  if (namespace === '') errors.push(required(path.child('namespace')));
  if (name === '') errors.push(required(path.child('name')));
  const messages = validatePortNumber(port);
  if (messages.length > 0) {
    const why = `port is not valid: ${messages.join(', ')}`;
    errors.push(invalidValue(path.child('port'), port, why));
  }
  if (spec.insecureSkipTLSVerify === true && (spec.caBundle ?? '') !== '') {
    const why = 'may not be true if caBundle is present';
    errors.push(invalidValue(specPath.child('insecureSkipTLSVerify'), true, why));
  }
  return errors;
}

function validateStatus({ status }: APIService): readonly FieldError[] {
  const path = FieldPath.of('status', 'conditions');
  return (status?.conditions ?? []).flatMap((condition, index) =>
    conditionStatuses.includes(condition.status)
      ? []
      : [notSupported(path.index(index).child('status'), condition.status, conditionStatuses)],
  );
}

function availableCell({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Available');
  if (condition === undefined) return 'Unknown';
  const { status: word, reason = '' } = condition;
  return word === 'True' || reason === '' ? word : `${word} (${reason})`;
}

export const apiServiceResource = defineResource<APIService>({
  kind: 'APIService',
  plural: 'apiservices',
  singular: 'apiservice',
  storagePrefix: 'apiregistration.k8s.io/apiservices',
  categories: ['api-extensions'],
  namespaced: false,
  groups: [
    {
      group: 'apiregistration.k8s.io',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService',
          defaults: ({ spec }) => {
            if (spec?.service !== undefined) spec.service.port ??= 443;
          },
        },
      ],
    },
  ],
  hasGeneration: false,
  hasStatus: true,
  statusKeepsMetadata: true,
  unconditionalUpdate: false,
  validateName: validatePathSegmentName,
  prepareCreate(object, { clock }) {
    if (object.spec?.service !== undefined) return;
    object.status = { conditions: [localCondition(timestamp(clock))] };
  },
  validate: validateApiService,
  validateStatusUpdate: validateStatus,
  table: {
    columns: [
      nameColumn,
      column('Service', 'The reference to the service that hosts this API endpoint.'),
      column('Available', 'Whether this service is available.'),
      ageColumn,
    ],
    cells: (object, nowMs) => [
      nameCell(object),
      object.spec?.service === undefined
        ? 'Local'
        : `${object.spec.service.namespace ?? ''}/${object.spec.service.name ?? ''}`,
      availableCell(object),
      ageCell(object, nowMs),
    ],
  },
});
