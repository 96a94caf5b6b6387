// IngressClass: which controller serves the Ingresses that name it.
import type { IngressClass } from '../../objects.ts';
import {
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../field.ts';
import { validateDns1123Label, validateDns1123Subdomain } from '../metadata/names.ts';
import { invalidEach, validateImmutableField } from '../metadata/object-meta.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';
import { validateReference } from './ingress-validation.ts';

type Parameters = NonNullable<NonNullable<IngressClass['spec']>['parameters']>;

export const defaultClassAnnotation = 'ingressclass.kubernetes.io/is-default-class';
const controllerLengthMax = 250;
const specPath = FieldPath.of('spec');
const controllerPath = specPath.child('controller');
const pathPattern = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const pathRegex = new RegExp(`^${pathPattern}$`);

function validateIngressClass(
  { spec }: IngressClass,
  old: IngressClass | undefined,
): readonly FieldError[] {
  const controller = spec?.controller ?? '';
  const errors = [
    ...(old === undefined
      ? []
      : validateImmutableField(controller, old.spec?.controller ?? '', controllerPath)),
  ];
  if (Buffer.byteLength(controller) > controllerLengthMax) {
    errors.push(tooLong(controllerPath, controllerLengthMax));
  }
  errors.push(...validateDomainPrefixedPath(controller, controllerPath));
  if (spec?.parameters === undefined) return errors;
  return [...errors, ...validateParameters(spec.parameters, specPath.child('parameters'))];
}

/** `acme.io/foo`, as upstream's IsDomainPrefixedPath. */
function validateDomainPrefixedPath(value: string, path: FieldPath): FieldError[] {
  if (value === '') return [required(path)];
  const slash = value.indexOf('/');
  const [host, rest] = [value.slice(0, slash), value.slice(slash + 1)];
  if (slash <= 0 || rest === '') {
    return [invalidValue(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  }
  const errors = invalidEach(path, host, validateDns1123Subdomain(host));
  if (pathRegex.test(rest)) return errors;
  const why = `Invalid path (regex used for validation is '${pathPattern}')`;
  return [...errors, invalidValue(path, rest, why)];
}

function validateParameters(parameters: Parameters, path: FieldPath): FieldError[] {
  const { scope, namespace } = parameters;
  const errors = validateReference(parameters, path);
  const own = path.child('namespace');
  if (scope === undefined) return [...errors, required(path.child('scope'))];
  if (scope === 'Namespace') {
    if (namespace === undefined) {
      return [...errors, required(own, "`parameters.scope` is set to 'Namespace'")];
    }
    return [...errors, ...invalidEach(own, namespace, validateDns1123Label(namespace))];
  }
  if (scope !== 'Cluster') {
    return [...errors, notSupported(path.child('scope'), scope, ['Cluster', 'Namespace'])];
  }
  if (namespace === undefined) return errors;
  return [...errors, forbiddenField(own, "`parameters.scope` is set to 'Cluster'")];
}

/** Whether Ingresses without a class get this one. */
export function isDefaultClass({ metadata }: IngressClass): boolean {
  return metadata?.annotations?.[defaultClassAnnotation] === 'true';
}

function parametersCell({ spec }: IngressClass): string {
  const parameters = spec?.parameters;
  if (parameters === undefined) return '<none>';
  const { apiGroup, kind, name } = parameters;
  return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`;
}

export const ingressClassResource = defineResource<IngressClass>({
  kind: 'IngressClass',
  plural: 'ingressclasses',
  singular: 'ingressclass',
  namespaced: false,
  groups: [
    {
      group: 'networking.k8s.io',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.networking.v1.IngressClass',
          defaults({ spec }) {
            if (spec?.parameters !== undefined) spec.parameters.scope ??= 'Cluster';
          },
        },
      ],
    },
  ],
  validate: (ingressClass, _context, old) => validateIngressClass(ingressClass, old),
  table: {
    columns: [
      nameColumn,
      column('Controller', 'Controller that is responsible for handling this class'),
      column('Parameters', 'A reference to a resource with additional parameters'),
      ageColumn,
    ],
    cells: (ingressClass, nowMs) => [
      nameCell(ingressClass) + (isDefaultClass(ingressClass) ? ' (default)' : ''),
      ingressClass.spec?.controller ?? '',
      parametersCell(ingressClass),
      ageCell(ingressClass, nowMs),
    ],
  },
});
