// Golden: FlowSchema and PriorityLevelConfiguration, and the objects that servers start with.
import t from 'tap';
import {
  mandatoryLevels,
  mandatorySchemas,
  suggestedLevels,
  suggestedSchemas,
} from '../flowcontrol/bootstrap.ts';
import { compareFlowSchemas, flowSchemaResource } from '../flowcontrol/flow-schema.ts';
import { priorityLevelConfigurationResource } from '../flowcontrol/priority-level-configuration.ts';
import { dealHand } from '../flowcontrol/shuffle-sharding.ts';
import { createErrors, defaulted, row, withValue } from './golden.ts';

const schema = {
  metadata: { name: 's', creationTimestamp: '2025-12-31T23:59:00Z' },
  spec: {
    priorityLevelConfiguration: { name: 'p' },
    matchingPrecedence: 50,
    distinguisherMethod: { type: 'ByUser' },
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'jane' } }],
        resourceRules: [
          { verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['default'] },
        ],
      },
    ],
  },
};

const level = {
  metadata: { name: 'p', creationTimestamp: '2025-12-31T23:59:00Z' },
  spec: {
    type: 'Limited',
    limited: {
      limitResponse: { type: 'Queue', queuing: { queues: 64, handSize: 6, queueLengthLimit: 5 } },
    },
  },
};

t.test('what servers start with is valid and needs no defaults', (t) => {
  for (const each of [...mandatorySchemas, ...suggestedSchemas]) {
    t.same(createErrors(flowSchemaResource, each), [], each.metadata?.name ?? '');
    t.same(defaulted(flowSchemaResource, each), each);
  }
  for (const each of [...mandatoryLevels, ...suggestedLevels]) {
    t.same(createErrors(priorityLevelConfigurationResource, each), [], each.metadata?.name ?? '');
    t.same(defaulted(priorityLevelConfigurationResource, each), each);
  }
  t.end();
});

t.test('errors of flow schemas', (t) => {
  const rule = 'spec.rules';
  const rules = schema.spec.rules[0];
  const resourceRule = rules?.resourceRules[0];
  const cases: [path: string, value: unknown, errors: string[]][] = [
    [
      'spec.matchingPrecedence',
      -1,
      ['spec.matchingPrecedence: Invalid value: -1: must be a positive value'],
    ],
    [
      'spec.matchingPrecedence',
      10001,
      ['spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000'],
    ],
    [
      'spec.matchingPrecedence',
      1,
      [
        "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
      ],
    ],
    [
      'spec.priorityLevelConfiguration.name',
      '',
      ['spec.priorityLevelConfiguration.name: Required value: must reference a priority level'],
    ],
    [
      rule,
      [{ subjects: [] }],
      [
        'spec.rules[0].subjects: Required value: subjects must contain at least one value',
        'spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
      ],
    ],
    [
      rule,
      [{ ...rules, subjects: [{ kind: 'Robot' }] }],
      [
        'spec.rules[0].subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"',
      ],
    ],
    [
      rule,
      [{ ...rules, subjects: [{ kind: 'Group', user: { name: 'x' } }] }],
      [
        "spec.rules[0].subjects[0].group: Required value: group is required when subject kind is 'Group'",
        "spec.rules[0].subjects[0].user: Forbidden: user is forbidden when subject kind is not 'User'",
      ],
    ],
    [
      rule,
      [{ ...rules, subjects: [{ kind: 'ServiceAccount', serviceAccount: { name: '*' } }] }],
      [
        'spec.rules[0].subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account',
      ],
    ],
    [
      rule,
      [{ ...rules, resourceRules: [{ ...resourceRule, verbs: ['escalate'], namespaces: [] }] }],
      [
        'spec.rules[0].resourceRules[0].verbs: Unsupported value: ["escalate"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"',
        'spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace',
      ],
    ],
    [
      rule,
      [
        {
          subjects: rules?.subjects,
          nonResourceRules: [{ verbs: ['*', 'get'], nonResourceURLs: ['a', '/a*b', '/x y', '//'] }],
        },
      ],
      [
        'spec.rules[0].nonResourceRules[0].verbs: Invalid value: ["*","get"]: if \'*\' is present, must not specify other verbs',
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "a": must start with slash',
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/a*b": wildcard can only do suffix matching',
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[2]: Invalid value: "/x y": must not contain white-space',
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[3]: Invalid value: "//": must not contain double slash',
      ],
    ],
  ];
  t.same(createErrors(flowSchemaResource, schema), []);
  for (const [path, value, errors] of cases) {
    t.same(createErrors(flowSchemaResource, withValue(schema, path, value)), errors, path);
  }
  const catchAll = withValue(schema, 'metadata.name', 'catch-all');
  t.match(
    createErrors(flowSchemaResource, catchAll)[0],
    /spec of 'catch-all' must equal the fixed/,
  );
  t.end();
});

t.test('errors of priority levels', (t) => {
  const limited = 'spec.limited';
  const queuing = `${limited}.limitResponse.queuing`;
  const cases: [path: string, value: unknown, errors: string[]][] = [
    [
      'spec.type',
      'Exempt',
      [
        "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'",
        'spec.limited: Forbidden: must be nil if the type is not Limited',
      ],
    ],
    [
      'spec.type',
      'Other',
      ['spec.type: Unsupported value: "Other": supported values: "Exempt", "Limited"'],
    ],
    [
      'spec.limited',
      undefined,
      ['spec.limited: Required value: must not be empty when type is Limited'],
    ],
    [
      `${limited}.nominalConcurrencyShares`,
      -1,
      ['spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer'],
    ],
    [
      `${limited}.lendablePercent`,
      101,
      ['spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive'],
    ],
    [
      `${limited}.borrowingLimitPercent`,
      -1,
      [
        'spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer',
      ],
    ],
    [
      `${limited}.limitResponse.type`,
      'Reject',
      [
        'spec.limited.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited',
      ],
    ],
    [
      queuing,
      { queues: -1, handSize: 0, queueLengthLimit: -1 },
      [
        `${queuing}.queueLengthLimit: Invalid value: -1: must be positive`,
        `${queuing}.queues: Invalid value: -1: must be positive`,
        `${queuing}.handSize: Invalid value: 8: should not be greater than queues (-1)`,
      ],
    ],
    [
      `${queuing}.handSize`,
      11,
      [
        `${queuing}.handSize: Invalid value: 11: required entropy bits of deckSize 64 and handSize 11 should not be greater than 60`,
      ],
    ],
  ];
  t.same(createErrors(priorityLevelConfigurationResource, level), []);
  for (const [path, value, errors] of cases) {
    const wrong = withValue(level, path, value);
    t.same(createErrors(priorityLevelConfigurationResource, wrong), errors, path);
  }
  const exempt = {
    metadata: { name: 'exempt' },
    spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 5 } },
  };
  t.same(createErrors(priorityLevelConfigurationResource, exempt), [], 'its shares may change');
  t.end();
});

t.test('defaults and rows', (t) => {
  t.match(defaulted(flowSchemaResource, { spec: {} }).spec, { matchingPrecedence: 1000 });
  const bare = {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } },
  };
  t.match(defaulted(priorityLevelConfigurationResource, bare).spec, {
    limited: {
      nominalConcurrencyShares: 30,
      lendablePercent: 0,
      limitResponse: { queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } },
    },
  });
  t.same(row(flowSchemaResource, schema), ['s', 'p', 50, 'ByUser', '60s', '?']);
  const cells = row(
    priorityLevelConfigurationResource,
    defaulted(priorityLevelConfigurationResource, level),
  );
  t.same(cells, ['p', 'Limited', 30, 64, 6, 5, '60s']);
  const names = [...suggestedSchemas, ...mandatorySchemas].sort(compareFlowSchemas);
  t.same(names.map((each) => each.metadata?.name).slice(0, 4), [
    'exempt',
    'probes',
    'system-leader-election',
    'system-node-high',
  ]);
  t.end();
});

t.test('hands are dealt evenly and always alike', (t) => {
  const counts = new Array<number>(16).fill(0);
  for (let hash = 0n; hash < 16n * 15n * 14n; hash++) {
    const hand = dealHand(hash, 16, 3);
    if (new Set(hand).size !== 3) t.fail(`a queue twice in ${hand}`);
    for (const card of hand) counts[card] = (counts[card] ?? 0) + 1;
  }
  t.same(counts, new Array(16).fill(3 * 15 * 14));
  t.same(dealHand(1234567890123n, 128, 6), dealHand(1234567890123n, 128, 6));
  t.end();
});
