// Golden: defaults, errors, warnings and rows of PodDisruptionBudget, PriorityClass and RuntimeClass.
import t from 'tap';
import { runtimeClassResource } from '../node/runtime-class.ts';
import { podDisruptionBudgetResource } from '../policy/pod-disruption-budget.ts';
import type { ApiObject } from '../resource.ts';
import { priorityClassResource } from '../scheduling/priority-class.ts';
import { allUpdateErrors, context, created, createErrors, row, withValue } from './golden.ts';

const creationTimestamp = '2025-12-30T00:00:00Z';

t.test('PodDisruptionBudget', (t) => {
  const budget = {
    metadata: { name: 'b', creationTimestamp },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
  };
  t.same(createErrors(podDisruptionBudgetResource, budget), []);
  const cases: [string, unknown, string[]][] = [
    [
      'spec.maxUnavailable',
      1,
      [
        'spec: Invalid value: {"MinAvailable":1,"Selector":{"matchLabels":{"app":"web"}},' +
          '"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and ' +
          'maxUnavailable cannot be both set',
      ],
    ],
    [
      'spec.minAvailable',
      -1,
      ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'spec.minAvailable',
      '110%',
      ['spec.minAvailable: Invalid value: "110%": must not be greater than 100%'],
    ],
    [
      'spec.minAvailable',
      'few',
      [
        'spec.minAvailable: Invalid value: "few": a valid percent string must be a numeric string ' +
          "followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ],
    ],
    [
      'spec.unhealthyPodEvictionPolicy',
      'Never',
      [
        'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: ' +
          '"AlwaysAllow", "IfHealthyBudget"',
      ],
    ],
  ];
  for (const [path, value, errors] of cases) {
    t.same(createErrors(podDisruptionBudgetResource, withValue(budget, path, value)), errors);
  }
  const status = {
    ...budget,
    status: {
      disruptionsAllowed: -1,
      conditions: [
        {
          type: 'A',
          status: 'True',
          reason: 'R',
          message: '',
          lastTransitionTime: creationTimestamp,
        },
        { type: 'A', status: 'Maybe', reason: '', message: '' },
      ],
    },
  } as unknown as ApiObject;
  const wrong = podDisruptionBudgetResource.validateStatusUpdate?.(status, status, context) ?? [];
  t.same(
    wrong.map(({ field, message }) => `${field}: ${message}`),
    [
      'status.conditions[1].type: Duplicate value: "A"',
      'status.conditions[1].status: Unsupported value: "Maybe": supported values: "False", ' +
        '"True", "Unknown"',
      'status.conditions[1].lastTransitionTime: Required value',
      'status.conditions[1].reason: Required value',
      'status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0',
    ],
  );
  t.same(row(podDisruptionBudgetResource, { ...budget, status: { disruptionsAllowed: 2 } }), [
    'b',
    '1',
    'N/A',
    2,
    '2d',
  ]);
  t.end();
});

t.test('PriorityClass', (t) => {
  const gold = { metadata: { name: 'gold', creationTimestamp }, value: 5 };
  t.match(created(priorityClassResource, gold), {
    preemptionPolicy: 'PreemptLowerPriority',
    metadata: { generation: 1 },
  });
  t.same(createErrors(priorityClassResource, gold), []);
  t.same(createErrors(priorityClassResource, withValue(gold, 'value', 1_000_000_001)), [
    'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
  ]);
  t.same(createErrors(priorityClassResource, withValue(gold, 'preemptionPolicy', 'Some')), [
    'preemptionPolicy: Unsupported value: "Some": supported values: "PreemptLowerPriority", "Never"',
  ]);
  const reserved =
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for " +
    'system use only. error: ';
  const system = { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 };
  t.same(createErrors(priorityClassResource, system), []);
  t.same(createErrors(priorityClassResource, withValue(system, 'value', 1)), [
    `${reserved}value of system-node-critical PriorityClass must be 2000001000`,
  ]);
  t.same(createErrors(priorityClassResource, { ...system, globalDefault: true }), [
    `${reserved}globalDefault of system-node-critical PriorityClass must be false`,
  ]);
  t.same(createErrors(priorityClassResource, withValue(system, 'metadata.name', 'system-x')), [
    `${reserved}system-x is not a known system priority class`,
  ]);
  t.same(allUpdateErrors(priorityClassResource, withValue(gold, 'value', 6), gold), [
    'value: Forbidden: may not be changed in an update.',
  ]);
  t.same(allUpdateErrors(priorityClassResource, { ...gold, preemptionPolicy: 'Never' }, gold), [
    'preemptionPolicy: Invalid value: "Never": field is immutable',
  ]);
  t.same(row(priorityClassResource, gold), ['gold', 5, false, '2d', '']);
  t.end();
});

t.test('RuntimeClass', (t) => {
  const kata = { metadata: { name: 'kata', creationTimestamp }, handler: 'kata' };
  t.same(createErrors(runtimeClassResource, kata), []);
  t.same(createErrors(runtimeClassResource, withValue(kata, 'handler', '')), [
    'handler: Required value',
  ]);
  t.same(
    createErrors(runtimeClassResource, {
      ...kata,
      overhead: { podFixed: { cpu: '-1' } },
      scheduling: {
        tolerations: [
          { key: 'a', operator: 'Exists' },
          { key: 'a', operator: 'Exists' },
        ],
      },
    }),
    [
      'overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      'scheduling.tolerations[1]: Duplicate value: {"Key":"a","Operator":"Exists","Value":"",' +
        '"Effect":"","TolerationSeconds":null}',
    ],
  );
  t.same(allUpdateErrors(runtimeClassResource, withValue(kata, 'handler', 'runc'), kata), [
    'handler: Invalid value: "runc": field is immutable',
  ]);
  const labelled = { ...kata, scheduling: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } } };
  t.same(runtimeClassResource.warnings?.(labelled as ApiObject, undefined), [
    'scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead',
  ]);
  t.same(row(runtimeClassResource, kata), ['kata', 'kata', '2d']);
  t.end();
});
