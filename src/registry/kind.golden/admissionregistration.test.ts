// Golden: webhook configurations, admission policies and their bindings.
import t from 'tap';
import { mutatingAdmissionPolicyResource } from '../admissionregistration/mutating-admission-policy.ts';
import { mutatingAdmissionPolicyBindingResource } from '../admissionregistration/mutating-admission-policy-binding.ts';
import { mutatingWebhookConfigurationResource } from '../admissionregistration/mutating-webhook-configuration.ts';
import { validatingAdmissionPolicyResource } from '../admissionregistration/validating-admission-policy.ts';
import { validatingAdmissionPolicyBindingResource } from '../admissionregistration/validating-admission-policy-binding.ts';
import { validatingWebhookConfigurationResource } from '../admissionregistration/validating-webhook-configuration.ts';
import type { Resource } from '../resource.ts';
import { context, created, createErrors, defaulted, row, withValue } from './golden.ts';

const rule = {
  operations: ['CREATE'],
  apiGroups: ['apps'],
  apiVersions: ['v1'],
  resources: ['deployments'],
};

const webhook = {
  name: 'a.example.com',
  clientConfig: { url: 'https://example.com/check' },
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
  rules: [rule],
};

const creationTimestamp = '2025-12-31T23:59:00Z';

t.test('webhook defaults', (t) => {
  const service = { name: 's', namespace: 'n' };
  const given = { webhooks: [{ ...webhook, clientConfig: { service } }] };
  const shared = {
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    namespaceSelector: {},
    objectSelector: {},
    timeoutSeconds: 10,
    clientConfig: { service: { ...service, port: 443 } },
    rules: [{ ...rule, scope: '*' }],
  };
  t.strictSame(defaulted(validatingWebhookConfigurationResource, given).webhooks, [
    { ...webhook, ...shared },
  ]);
  t.strictSame(defaulted(mutatingWebhookConfigurationResource, given).webhooks, [
    { ...webhook, ...shared, reinvocationPolicy: 'Never' },
  ]);
  t.end();
});

t.test('webhook errors', (t) => {
  const cases: [path: string, value: unknown, errors: string[]][] = [
    ['name', '', ['name: Required value']],
    [
      'name',
      'example.com',
      [
        'name: Invalid value: "example.com": should be a domain with at least three segments separated by dots',
      ],
    ],
    [
      'sideEffects',
      undefined,
      ['sideEffects: Required value: must specify one of None, NoneOnDryRun'],
    ],
    [
      'sideEffects',
      'Some',
      ['sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
    ],
    [
      'timeoutSeconds',
      31,
      ['timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds'],
    ],
    [
      'failurePolicy',
      'No',
      ['failurePolicy: Unsupported value: "No": supported values: "Fail", "Ignore"'],
    ],
    [
      'admissionReviewVersions',
      [],
      ['admissionReviewVersions: Required value: must specify one of v1, v1beta1'],
    ],
    [
      'admissionReviewVersions',
      ['v2', 'v2'],
      [
        'admissionReviewVersions[1]: Invalid value: "v2": duplicate version',
        'admissionReviewVersions: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1',
      ],
    ],
    [
      'clientConfig',
      {},
      ['clientConfig: Required value: exactly one of url or service is required'],
    ],
    [
      'clientConfig.url',
      'http://me@/x?q#f',
      [
        `clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
        'clientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/path]',
        'clientConfig.url: Invalid value: "me": user information is not permitted in the URL',
        'clientConfig.url: Invalid value: "f": fragments are not permitted in the URL',
        'clientConfig.url: Invalid value: "q": query parameters are not permitted in the URL',
      ],
    ],
    [
      'clientConfig.url',
      'https://a:b/',
      [
        'clientConfig.url: Required value: url must be a valid URL: parse "https://a:b/": invalid port ":b" after host; desired format: https://host[/path]',
      ],
    ],
    [
      'clientConfig',
      { service: { name: 's', namespace: '', port: 0, path: '/a//' } },
      [
        'clientConfig.service.name: Required value',
        'clientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive',
        'clientConfig.service.path: Invalid value: "/a//": segment[1] may not be empty',
      ],
    ],
    [
      'rules',
      [{ operations: ['*', 'NOPE'], apiGroups: [], apiVersions: [''], resources: ['*', 'a'] }],
      [
        `rules[0].operations: Invalid value: ["*","NOPE"]: if '*' is present, must not specify other operations`,
        'rules[0].operations[1]: Unsupported value: "NOPE": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
        'rules[0].apiGroups: Required value',
        'rules[0].apiVersions[0]: Required value',
        `rules[0].resources: Invalid value: ["*","a"]: if '*' is present, must not specify other resources without subresources`,
      ],
    ],
    [
      'rules',
      [{ ...rule, scope: 'Here', resources: ['pods/*', 'pods/status', '*/scale', 'a/scale'] }],
      [
        `rules[0].resources[1]: Invalid value: "pods/status": if 'pods/*' is present, must not specify pods/status`,
        `rules[0].resources[3]: Invalid value: "a/scale": if '*/scale' is present, must not specify a/scale`,
        'rules[0].scope: Unsupported value: "Here": supported values: "*", "Cluster", "Namespaced"',
      ],
    ],
    [
      'matchConditions',
      [
        { name: 'a', expression: ' ' },
        { name: 'a', expression: 'true' },
      ],
      [
        'matchConditions[0].expression: Required value',
        'matchConditions[1].name: Duplicate value: "a"',
      ],
    ],
  ];
  for (const [path, value, errors] of cases) {
    const given = { webhooks: [withValue(webhook, path, value)] };
    const wanted = errors.map((error) => `webhooks[0].${error}`);
    t.strictSame(createErrors(validatingWebhookConfigurationResource, given), wanted, path);
  }
  const twice = createErrors(mutatingWebhookConfigurationResource, {
    webhooks: [{ ...webhook, reinvocationPolicy: 'Often' }, webhook],
  });
  t.strictSame(twice, [
    'webhooks[0].reinvocationPolicy: Unsupported value: "Often": supported values: "IfNeeded", "Never"',
    'webhooks[1].name: Duplicate value: "a.example.com"',
  ]);
  t.end();
});

const match = { resourceRules: [rule] };
const validating = {
  metadata: { name: 'policy', creationTimestamp },
  spec: { matchConstraints: match, validations: [{ expression: 'true' }] },
};
const mutating = {
  metadata: { name: 'policy', creationTimestamp },
  spec: {
    matchConstraints: match,
    mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[]' } }],
    reinvocationPolicy: 'Never',
  },
};

t.test('policy defaults', (t) => {
  const matchConstraints = {
    matchPolicy: 'Equivalent',
    namespaceSelector: {},
    objectSelector: {},
    resourceRules: [{ ...rule, scope: '*' }],
  };
  for (const [resource, policy] of [
    [validatingAdmissionPolicyResource, validating],
    [mutatingAdmissionPolicyResource, mutating],
  ] as const) {
    const wanted = { ...policy.spec, failurePolicy: 'Fail', matchConstraints };
    t.strictSame(created(resource, policy).spec, wanted);
    t.strictSame(createErrors(resource, policy), []);
  }
  t.end();
});

t.test('policy errors', (t) => {
  const cases: [resource: Resource, object: object, errors: string[]][] = [
    [
      validatingAdmissionPolicyResource,
      {},
      [
        'spec.failurePolicy: Required value',
        'spec.matchConstraints: Required value',
        'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
        'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
      ],
    ],
    [
      validatingAdmissionPolicyResource,
      {
        metadata: { name: 'p' },
        spec: {
          paramKind: { apiVersion: 'a/b/c', kind: 'My_Kind' },
          matchConstraints: {},
          variables: [{ name: 'in', expression: '' }],
          validations: [{ expression: '', message: 'a\nb', messageExpression: ' ', reason: 'X' }],
          auditAnnotations: [
            { key: 'a b', valueExpression: '' },
            { key: 'a b', valueExpression: "'x'" },
          ],
        },
      },
      [
        'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        "spec.paramKind.kind: Invalid value: \"My_Kind\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        'spec.matchConstraints.resourceRules: Required value',
        'spec.variables[0].name: Invalid value: "in": must be a valid CEL identifier',
        'spec.variables[0].expression: Required value: expression is not specified',
        'spec.validations[0].expression: Required value: expression is not specified',
        'spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
        'spec.validations[0].message: Invalid value: "a\\nb": must not contain line breaks',
        'spec.validations[0].reason: Unsupported value: "X": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
        "spec.auditAnnotations[0].key: Invalid value: \"p/a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        'spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified',
        "spec.auditAnnotations[1].key: Invalid value: \"p/a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        'spec.auditAnnotations[1].key: Duplicate value: "a b"',
      ],
    ],
    [
      mutatingAdmissionPolicyResource,
      {
        spec: {
          matchConstraints: { resourceRules: [{ ...rule, operations: ['DELETE'] }] },
          mutations: [
            { patchType: 'Merge' },
            { patchType: 'JSONPatch', applyConfiguration: { expression: 'x' } },
            { patchType: 'ApplyConfiguration', applyConfiguration: { expression: ' ' } },
          ],
        },
      },
      [
        'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
        'spec.mutations[0].patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"',
        'spec.mutations[1].jsonPatch: Required value: must be specified when patchType is JSONPatch',
        'spec.mutations[1].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
        'spec.mutations[2].applyConfiguration.expression: Required value',
        'spec.reinvocationPolicy: Required value',
      ],
    ],
    [
      validatingAdmissionPolicyBindingResource,
      { spec: { validationActions: ['Deny', 'Warn', 'Deny', 'Cry'] } },
      [
        'spec.policyName: Required value',
        'spec.validationActions[2]: Duplicate value: "Deny"',
        'spec.validationActions[3]: Unsupported value: "Cry": supported values: "Audit", "Deny", "Warn"',
        'spec.validationActions: Invalid value: ["Deny","Warn","Deny","Cry"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ],
    ],
    [
      validatingAdmissionPolicyBindingResource,
      { spec: { policyName: 'p', paramRef: { name: 'a', selector: {} } } },
      [
        'spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
        'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
        'spec.paramRef.parameterNotFoundAction: Required value',
        'spec.validationActions: Required value: at least one validation action is required',
      ],
    ],
    [
      mutatingAdmissionPolicyBindingResource,
      { spec: { policyName: 'p', paramRef: { parameterNotFoundAction: 'Ask' } } },
      [
        'spec.paramRef: Required value: one of name or selector must be specified',
        'spec.paramRef.parameterNotFoundAction: Unsupported value: "Ask": supported values: "Deny", "Allow"',
      ],
    ],
  ];
  for (const [resource, object, errors] of cases) {
    t.strictSame(createErrors(resource, object), errors, resource.kind);
  }
  t.end();
});

t.test('status of a policy', (t) => {
  const status = {
    typeChecking: { expressionWarnings: [{ fieldRef: ' ', warning: '' }] },
    conditions: [
      { type: 'A', status: 'Maybe', reason: '', message: '', lastTransitionTime: null },
      { type: 'A', status: 'True', reason: 'a b', message: '', lastTransitionTime: 'now' },
    ],
  };
  const object = { metadata: {}, status };
  const errors =
    validatingAdmissionPolicyResource.validateStatusUpdate?.(object, object, context) ?? [];
  t.strictSame(
    errors.map((error) => `${error.field}: ${error.message.slice(0, 60)}`),
    [
      'status.typeChecking.expressionWarnings[0].warning: Required value',
      'status.typeChecking.expressionWarnings[0].fieldRef: Required value',
      'status.conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True',
      'status.conditions[0].lastTransitionTime: Required value',
      'status.conditions[0].reason: Required value',
      'status.conditions[1].type: Duplicate value: "A"',
      'status.conditions[1].reason: Invalid value: "a b": a condition reason must start with alp',
    ],
  );
  t.end();
});

t.test('rows and warnings', (t) => {
  const metadata = { name: 'x', creationTimestamp };
  const webhooks = { metadata, webhooks: [webhook, webhook] };
  t.strictSame(row(mutatingWebhookConfigurationResource, webhooks), ['x', 2, '60s']);
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
  const policy = withValue(validating, 'spec.paramKind', paramKind);
  t.strictSame(row(validatingAdmissionPolicyResource, policy), [
    'policy',
    1,
    'v1/ConfigMap',
    '60s',
  ]);
  t.strictSame(row(mutatingAdmissionPolicyResource, mutating), ['policy', 1, '<unset>', '60s']);
  const params: [ref: object | undefined, cell: string][] = [
    [undefined, '<unset>'],
    [{ name: 'a' }, '*/a'],
    [{ name: 'a', namespace: 'n' }, 'n/a'],
    [
      { selector: { matchLabels: { b: 'c', a: 'd' } } },
      '&LabelSelector{MatchLabels:map[string]string{a: d,b: c,},MatchExpressions:[]LabelSelectorRequirement{},}',
    ],
  ];
  for (const [paramRef, cell] of params) {
    const binding = { metadata, spec: { policyName: 'p', paramRef } };
    t.strictSame(row(validatingAdmissionPolicyBindingResource, binding), ['x', 'p', cell, '60s']);
  }
  const reserved = { metadata: { name: 'a.static.k8s.io' } };
  t.strictSame(mutatingAdmissionPolicyResource.warnings?.(reserved, undefined), [
    'metadata.name: names ending with ".static.k8s.io" are reserved for static manifest-based configurations and cannot be managed via the API',
  ]);
  t.end();
});
