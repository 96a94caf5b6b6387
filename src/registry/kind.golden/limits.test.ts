// Golden: LimitRanges and ResourceQuotas.
import t from 'tap';
import { limitRangeResource } from '../core/limit-range.ts';
import { resourceQuotaResource } from '../core/resource-quota.ts';
import { createErrors, defaulted, row, updateErrors } from './golden.ts';

const rangeOf = (...limits: object[]) => ({ metadata: { name: 'l' }, spec: { limits } });
const quotaOf = (spec: object, status: object = {}) => ({ metadata: { name: 'q' }, spec, status });

t.test('defaults of containers follow from their bounds', (t) => {
  const range = rangeOf(
    { type: 'Container', max: { cpu: '2', memory: '2Gi' }, min: { cpu: '1u', disk: '1' } },
    { type: 'Pod', max: { cpu: '2' } },
  );
  t.same(defaulted(limitRangeResource, range).spec, {
    limits: [
      {
        type: 'Container',
        max: { cpu: '2', memory: '2Gi' },
        min: { cpu: '1m', disk: '1' },
        default: { cpu: '2', memory: '2Gi' },
        defaultRequest: { cpu: '2', disk: '1', memory: '2Gi' },
      },
      { type: 'Pod', max: { cpu: '2' } },
    ],
  });
  t.end();
});

t.test('errors of ranges', (t) => {
  const path = 'spec.limits[0]';
  const cases: [items: object[], errors: string[]][] = [
    [[{ type: 'Container', max: { cpu: '1' }, min: { cpu: '1' } }], []],
    [
      [{ type: 'Cup', max: { cpu: '1' } }],
      [`${path}.type: Invalid value: "Cup": must be a standard limit type or fully qualified`],
    ],
    [
      [
        { type: 'Pod', default: { cpu: '1' }, max: { storage: '1' } },
        { type: 'Pod', max: { cpu: '1' } },
      ],
      [
        `${path}.max[storage]: Invalid value: "storage": must be a standard resource for containers`,
        `${path}.default: Forbidden: may not be specified when \`type\` is 'Pod'`,
        'spec.limits[1].type: Duplicate value: "Pod"',
      ],
    ],
    [
      [{ type: 'PersistentVolumeClaim' }],
      [
        `${path}.limits: Required value: either minimum or maximum storage value is required, but ` +
          'neither was provided',
      ],
    ],
    [
      [
        {
          type: 'Container',
          min: { cpu: '2' },
          max: { cpu: '1' },
          default: { cpu: '3' },
          defaultRequest: { cpu: '4' },
          maxLimitRequestRatio: { cpu: '500m' },
        },
      ],
      [
        `${path}.min[cpu]: Invalid value: "2": min value 2 is greater than max value 1`,
        `${path}.defaultRequest[cpu]: Invalid value: "4": default request value 4 is greater than ` +
          'max value 1',
        `${path}.defaultRequest[cpu]: Invalid value: "4": default request value 4 is greater than ` +
          'default limit value 3',
        `${path}.default[cpu]: Invalid value: "1": default value 3 is greater than max value 1`,
        `${path}.maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1`,
      ],
    ],
    [
      [{ type: 'Pod', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3' } }],
      [
        `${path}.maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = ` +
          '2.000000',
      ],
    ],
    [
      [
        {
          type: 'Container',
          default: { 'example.com/gpu': '2' },
          defaultRequest: { 'example.com/gpu': '1' },
        },
      ],
      [
        `${path}.defaultRequest[example.com/gpu]: Invalid value: "1": default value 2 must equal to ` +
          'defaultRequest value 1 in example.com/gpu',
      ],
    ],
  ];
  for (const [items, errors] of cases) {
    t.same(createErrors(limitRangeResource, rangeOf(...items)), errors);
  }
  t.end();
});

t.test('errors of quotas', (t) => {
  const selector = (...matchExpressions: object[]) => ({ scopeSelector: { matchExpressions } });
  const expressions = 'spec.scopeSelector.matchExpressions';
  const cases: [spec: object, errors: string[]][] = [
    [{ hard: { pods: '10', 'requests.hugepages-2Mi': '2Mi', 'count/jobs.batch': '3' } }, []],
    [
      { hard: { storage: '-1', pods: '1500m', cups: '1' } },
      [
        'spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota',
        'spec.hard[storage]: Invalid value: "-1": must be greater than or equal to 0',
        'spec.hard[pods]: Invalid value: "1500m": must be an integer',
        'spec.hard[cups]: Invalid value: "cups": must be a standard resource type or fully qualified',
        'spec.hard[cups]: Invalid value: "cups": must be a standard resource for quota',
      ],
    ],
    [
      { hard: { cpu: '1' }, scopes: ['BestEffort', 'NotBestEffort', 'Loud'] },
      [
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Loud"]: unsupported scope ' +
          'applied to resource',
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Loud"]: unsupported scope',
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Loud"]: conflicting scopes',
      ],
    ],
    [
      selector(
        { scopeName: 'Terminating', operator: 'In', values: ['a'] },
        { scopeName: 'PriorityClass', operator: 'In' },
        { scopeName: 'PriorityClass', operator: 'Exists', values: ['a'] },
        { scopeName: 'PriorityClass', operator: 'Near' },
      ),
      [
        `${expressions}.operator: Invalid value: "In": must be 'Exists' when scope is any of ` +
          'ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ' +
          'ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ' +
          'ResourceQuotaScopeCrossNamespacePodAffinity',
        `${expressions}.values: Required value: must be at least one value when \`operator\` is ` +
          "'In' or 'NotIn' for scope selector",
        `${expressions}.values: Invalid value: ["a"]: must be no value when \`operator\` is 'Exist' ` +
          "or 'DoesNotExist' for scope selector",
        `${expressions}.operator: Invalid value: "Near": not a valid selector operator`,
      ],
    ],
    [
      { hard: { services: '1' }, ...selector({ scopeName: 'PriorityClass', operator: 'Exists' }) },
      [
        `${expressions}: Invalid value: {"MatchExpressions":[{"ScopeName":"PriorityClass",` +
          '"Operator":"Exists","Values":null}]}: unsupported scope applied to resource',
      ],
    ],
  ];
  for (const [spec, errors] of cases) {
    t.same(createErrors(resourceQuotaResource, quotaOf(spec)), errors);
  }
  t.same(
    updateErrors(
      resourceQuotaResource,
      quotaOf({ scopes: ['BestEffort'] }),
      quotaOf({ hard: { pods: '1' } }),
    ),
    ['spec.scopes: Invalid value: ["BestEffort"]: field is immutable'],
  );
  t.end();
});

t.test('warnings and rows of quotas', (t) => {
  const hard = { cpu: '2', 'limits.cpu': '1', 'requests.memory': '1Gi', pods: '5' };
  t.same(
    resourceQuotaResource.warnings?.(
      defaulted(resourceQuotaResource, quotaOf({ hard })),
      undefined,
    ),
    ['ResourceQuota cpu (2) should be less than limits.cpu (1)'],
  );
  t.same(row(resourceQuotaResource, quotaOf({}, { hard, used: { pods: '3' } })), [
    ...['q', 'cpu: 0/2, pods: 3/5, requests.memory: 0/1Gi', 'limits.cpu: 0/1', '<unknown>'],
  ]);
  t.end();
});
