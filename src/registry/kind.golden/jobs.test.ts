// Golden: defaults, errors, update rules, warnings and rows of jobs and cron jobs.
import t from 'tap';
import { CronScheduleError, parseCronSchedule } from '../../cron-schedule.ts';
import { cronJobResource } from '../batch/cron-job.ts';
import { jobResource } from '../batch/job.ts';
import type { ApiObject } from '../resource.ts';
import {
  allUpdateErrors,
  context,
  created,
  createErrors,
  defaulted,
  now,
  row,
  withValue,
} from './golden.ts';

const metadata = {
  name: 'pi',
  namespace: 'default',
  uid: 'u-1',
  creationTimestamp: '2025-12-31T23:59:00Z',
};
const template = {
  spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'perl' }] },
};
const job = { metadata, spec: { template } };
const cronJob = {
  metadata,
  spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template } } },
};
const made = {
  'batch.kubernetes.io/controller-uid': 'u-1',
  'batch.kubernetes.io/job-name': 'pi',
  'controller-uid': 'u-1',
  'job-name': 'pi',
};

t.test('defaults', (t) => {
  t.match(created(jobResource, job), {
    metadata: { labels: made },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
      manualSelector: false,
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' } },
      template: { metadata: { labels: made } },
    },
  });
  const indexed = withValue(job, 'spec.backoffLimitPerIndex', 1);
  t.match(created(jobResource, indexed).spec, { backoffLimit: 2147483647 });
  const parallel = defaulted(jobResource, withValue(job, 'spec.parallelism', 3)).spec;
  t.equal((parallel as { completions?: number }).completions, undefined);
  const labelled = created(jobResource, withValue(job, 'metadata.labels', { a: 'b' }));
  t.same(labelled.metadata.labels, { a: 'b' });
  t.match(created(cronJobResource, cronJob).spec, {
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
    jobTemplate: { spec: { template: { spec: { dnsPolicy: 'ClusterFirst' } } } },
  });
  t.end();
});

t.test('errors on create', (t) => {
  const cases: [path: string, value: unknown, errors: string[]][] = [
    ['spec.backoffLimit', 3, []],
    [
      'spec.template.spec.restartPolicy',
      undefined,
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'spec.template.metadata',
      { labels: { 'controller-uid': 'x' } },
      [
        'spec.template.metadata.labels[controller-uid]: Invalid value: {"controller-uid":"x","batch.kubernetes.io/controller-uid":"u-1","job-name":"pi","batch.kubernetes.io/job-name":"pi"}: must be \'u-1\'',
      ],
    ],
    [
      'spec.selector',
      { matchLabels: { a: 'b' } },
      [
        'spec.selector: Invalid value: {"matchLabels":{"a":"b","batch.kubernetes.io/controller-uid":"u-1"}}: `selector` not auto-generated',
        'spec.template.metadata.labels: Invalid value: {"controller-uid":"u-1","batch.kubernetes.io/controller-uid":"u-1","job-name":"pi","batch.kubernetes.io/job-name":"pi"}: `selector` does not match template `labels`',
      ],
    ],
    [
      'spec.manualSelector',
      true,
      [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
      ],
    ],
    [
      'spec.completionMode',
      'Indexed',
      ['spec.completions: Required value: when completion mode is Indexed'],
    ],
    [
      'spec.maxFailedIndexes',
      2,
      [
        'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
        'spec.maxFailedIndexes: Invalid value: 2: requires indexed completion mode',
      ],
    ],
    [
      'spec.managedBy',
      'me',
      [
        'spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")',
      ],
    ],
    [
      'spec.successPolicy',
      { rules: [{ succeededCount: 1 }] },
      [
        'spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: requires indexed completion mode',
      ],
    ],
    [
      'spec.podFailurePolicy',
      {
        rules: [
          { action: 'FailIndex', onExitCodes: { operator: 'In', values: [0, 5, 1, 1] } },
          { action: '', onPodConditions: [{ type: 'DisruptionTarget' }] },
          { action: 'Count' },
        ],
      },
      [
        'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
        'spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator',
        'spec.podFailurePolicy.rules[0].onExitCodes.values[3]: Duplicate value: 1',
        'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [0,5,1,1]: must be ordered',
        'spec.podFailurePolicy.rules[1].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
        'spec.podFailurePolicy.rules[2]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
      ],
    ],
  ];
  for (const [path, value, errors] of cases) {
    const object = withValue(withValue(job, 'spec.parallelism', 1), path, value);
    t.same(createErrors(jobResource, object), errors, path);
  }
  const indexed = { ...job.spec, completionMode: 'Indexed', completions: 3 };
  const rules = [{ succeededIndexes: '0,2-1', succeededCount: 9 }];
  t.same(createErrors(jobResource, { metadata, spec: { ...indexed, successPolicy: { rules } } }), [
    'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0,2-1": error parsing succeededIndexes: non-increasing order, previous: 2, current: 1',
    'spec.successPolicy.rules[0].succeededCount: Invalid value: 9: must be less than or equal to 3 (the number of specified completions)',
    'spec.successPolicy.rules[0].succeededCount: Invalid value: 9: must be less than or equal to 0 (the number of indexes in the specified succeededIndexes field)',
  ]);
  const dotted = { metadata: { ...metadata, name: 'a.b' }, spec: indexed };
  t.same(createErrors(jobResource, dotted), [
    'metadata.name: Invalid value: "a.b": will not able to create pod with invalid DNS label: a.b-2',
  ]);
  t.end();
});

t.test('a running job is fixed, a suspended one may be scheduled elsewhere', (t) => {
  const old = created(jobResource, job);
  const image = structuredClone(old) as unknown as typeof job;
  const [first] = image.spec.template.spec.containers;
  if (first !== undefined) first.image = 'other';
  const [error = ''] = allUpdateErrors(jobResource, image, old);
  t.match(error, /^spec\.template: Invalid value: \{.*\}: field is immutable$/);
  t.same(allUpdateErrors(jobResource, withValue(old, 'spec.completions', 5), old), [
    'spec.completions: Invalid value: 5: field is immutable',
  ]);
  const suspended = withValue(old, 'spec.suspend', true);
  const moved = withValue(suspended, 'spec.template.spec.nodeSelector', { zone: 'a' });
  t.same(allUpdateErrors(jobResource, moved, suspended), []);
  const started = { startTime: '2026-01-01T00:00:00Z' };
  const errors = jobResource.validateUpdate?.(moved, { ...suspended, status: started }, context);
  t.equal(errors?.[0]?.field, 'spec.template');
  const grown = withValue(suspended, 'spec.template.spec.hostNetwork', true);
  t.match(allUpdateErrors(jobResource, grown, suspended), [
    /^spec\.template\.spec: Invalid value: \{.*\}: field is immutable$/,
  ]);
  t.end();
});

t.test('a status only moves on', (t) => {
  const old = created(jobResource, job);
  const messages = (status: object, before: object = {}) =>
    jobResource
      .validateStatusUpdate?.({ ...old, status } as ApiObject, { ...old, status: before }, context)
      .map(({ field, message }) => `${field}: ${message}`);
  const condition = (...types: string[]) => types.map((type) => ({ type, status: 'True' }));
  const startTime = '2026-01-01T00:00:10Z';
  t.same(messages({ conditions: condition('Complete'), active: 1 }), [
    'status.completionTime: Required value: completionTime is required for Complete jobs',
    'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    'status.active: Invalid value: 1: active>0 is invalid for finished job',
    'status.startTime: Required value: startTime is required for finished job',
  ]);
  const completed = {
    conditions: condition('SuccessCriteriaMet', 'Complete'),
    startTime,
    completionTime: '2026-01-01T00:00:20Z',
    succeeded: 1,
  };
  t.same(messages(completed, { startTime }), []);
  t.same(messages({ ...completed, completionTime: '2026-01-01T00:00:00Z' }, { startTime }), [
    'status.completionTime: Invalid value: "2026-01-01T00:00:00Z": must be equal to or after `startTime`',
  ]);
  t.same(messages({ startTime }, completed), [
    'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
    'status.succeeded: Invalid value: 0: cannot decrease the succeeded counter',
    'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
  ]);
  t.same(messages({ ready: 2, active: 1, completedIndexes: '1' }), [
    'status.completedIndexes: Invalid value: "1": error parsing completedIndexes: too large index: "1"',
    'status.completedIndexes: Invalid value: "1": cannot set non-empty completedIndexes when non-indexed completion mode',
    'status.ready: Invalid value: 2: cannot set more ready pods than active',
  ]);
  t.same(messages({ startTime: '2026-01-01T00:01:00Z' }, { startTime }), [
    'status.startTime: Invalid value: "2026-01-01T00:01:00Z": field is immutable for unsuspended job once set',
  ]);
  t.end();
});

t.test('cron jobs', (t) => {
  const errors = (path: string, value: unknown) =>
    createErrors(cronJobResource, withValue(cronJob, path, value));
  t.same(errors('spec.suspend', true), []);
  t.same(errors('spec.schedule', ''), ['spec.schedule: Required value']);
  t.same(errors('spec.schedule', 'TZ=UTC 0 * * * *'), [
    'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
  ]);
  t.same(errors('spec.timeZone', 'Mars/Base'), [
    'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base',
  ]);
  t.same(errors('spec.timeZone', 'local'), [
    'spec.timeZone: Invalid value: "local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
    'spec.timeZone: Invalid value: "local": unknown time zone local',
  ]);
  t.same(errors('spec.concurrencyPolicy', 'Maybe'), [
    'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"',
  ]);
  t.same(errors('spec.jobTemplate.spec.manualSelector', true), [
    'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
  ]);
  t.same(errors('metadata.name', 'a'.repeat(53)), [
    `metadata.name: Invalid value: "${'a'.repeat(53)}": must be no more than 52 characters`,
  ]);
  const old = withValue(cronJob, 'spec.schedule', 'TZ=UTC 0 * * * *');
  t.same(allUpdateErrors(cronJobResource, old, old), []);
  t.same(
    cronJobResource.warnings?.(
      defaulted(cronJobResource, old),
      defaulted(cronJobResource, old),
      '',
    ),
    [
      'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
    ],
  );
  t.end();
});

t.test('schedules', (t) => {
  const wrong: [schedule: string, message: string][] = [
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
    ['@now', 'unrecognized descriptor: @now'],
    ['@every 5', 'failed to parse duration @every 5: time: missing unit in duration "5"'],
    ['@every 5x', 'failed to parse duration @every 5x: time: unknown unit "x" in duration "5x"'],
    ['TZ=0', 'invalid schedule format: runtime error: slice bounds out of range [:-1]'],
    ['TZ=No/Where * * * * *', 'provided bad location No/Where: unknown time zone No/Where'],
  ];
  for (const [schedule, message] of wrong) {
    t.throws(() => parseCronSchedule(schedule), new CronScheduleError(message), schedule);
  }
  const hours = parseCronSchedule('0 8-18/5 * jan-MAR ?');
  t.match(hours, {
    hour: { values: new Set([8, 13, 18]), any: false },
    month: { values: new Set([1, 2, 3]) },
    dayOfWeek: { any: true },
  });
  t.same(parseCronSchedule('@every 1h30m'), { timeZone: undefined, everyMs: 5_400_000 });
  t.match(parseCronSchedule('CRON_TZ=Europe/Berlin @weekly'), {
    timeZone: 'Europe/Berlin',
    dayOfWeek: { values: new Set([0]), any: false },
  });
  t.end();
});

t.test('rows', (t) => {
  const cells = (object: object) => row(jobResource, object);
  const plain = { metadata, spec: { completions: 3, template } };
  const selector = { matchLabels: { a: 'b' } };
  t.same(cells(plain), ['pi', 'Running', '0/3', '', '60s', 'c', 'perl', '<none>']);
  t.same(
    cells({
      metadata,
      spec: { parallelism: 4, template, selector },
      status: {
        succeeded: 2,
        startTime: '2025-12-31T23:59:10Z',
        completionTime: '2025-12-31T23:59:40Z',
        conditions: [{ type: 'Complete', status: 'True' }],
      },
    }),
    ['pi', 'Complete', '2/1 of 4', '30s', '60s', 'c', 'perl', 'a=b'],
  );
  t.same(
    row(cronJobResource, {
      metadata,
      spec: { ...cronJob.spec, suspend: false },
      status: { active: [{}], lastScheduleTime: new Date(now - 5000).toISOString() },
    }),
    ['pi', '*/5 * * * *', '<none>', 'False', 1, '5s', '60s', 'c', 'perl', '<none>'],
  );
  t.end();
});
