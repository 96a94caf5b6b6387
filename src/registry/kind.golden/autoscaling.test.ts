// Golden: defaults, errors and rows of autoscalers, and their two faces.
import t from 'tap';
import { horizontalPodAutoscalerResource as resource } from '../autoscaling/horizontal-pod-autoscaler.ts';
import { autoscalerFromStorage, autoscalerToStorage } from '../autoscaling/hpa-conversion.ts';
import { allUpdateErrors, created, createErrors, row, withValue } from './golden.ts';

const metadata = { name: 'web', creationTimestamp: '2025-12-31T23:59:00Z' };
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const autoscaler = { metadata, spec: { scaleTargetRef, maxReplicas: 5 } };
const cpu = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
};
const requests = {
  type: 'Pods',
  pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '100' } },
};
const annotated = (name: string) => `autoscaling.alpha.kubernetes.io/${name}`;

t.test('defaults', (t) => {
  t.same(created(resource, autoscaler).spec, {
    scaleTargetRef,
    maxReplicas: 5,
    minReplicas: 1,
    metrics: [cpu],
  });
  const scaleDown = { selectPolicy: 'Disabled' };
  t.match(created(resource, withValue(autoscaler, 'spec.behavior', { scaleDown })).spec, {
    behavior: {
      scaleUp: {
        stabilizationWindowSeconds: 0,
        selectPolicy: 'Max',
        policies: [
          { type: 'Pods', value: 4, periodSeconds: 15 },
          { type: 'Percent', value: 100, periodSeconds: 15 },
        ],
      },
      scaleDown: {
        selectPolicy: 'Disabled',
        policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
      },
    },
  });
  t.end();
});

t.test('errors on create', (t) => {
  const cases: [path: string, value: unknown, errors: string[]][] = [
    ['spec.minReplicas', 2, []],
    [
      'spec.minReplicas',
      0,
      [
        'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
        'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
      ],
    ],
    [
      'spec.maxReplicas',
      0,
      [
        'spec.maxReplicas: Required value: must be set and greater than 0',
        'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`',
      ],
    ],
    [
      'spec.scaleTargetRef',
      { kind: 'Deployment', name: 'a/b' },
      [
        'spec.scaleTargetRef.name: Invalid value: "a/b": may not contain \'/\'',
        'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
      ],
    ],
    ['spec.scaleTargetRef', { kind: 'ReplicationController', name: 'a' }, []],
    [
      'spec.metrics',
      [{ type: 'Resource', pods: requests.pods }],
      [
        'spec.metrics[0].resource: Required value: must populate information for the given metric source',
      ],
    ],
    [
      'spec.metrics',
      [{ ...cpu, pods: requests.pods }],
      ['spec.metrics[0].pods: Forbidden: must populate the given metric source only'],
    ],
    [
      'spec.metrics',
      [{ type: 'Nothing' }],
      [
        'spec.metrics[0].type: Unsupported value: "Nothing": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
        'spec.metrics[0].type: Unsupported value: "Nothing": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
      ],
    ],
    [
      'spec.metrics',
      [
        {
          type: 'External',
          external: {
            metric: { name: '' },
            target: { type: 'Value', value: '0', averageValue: '1' },
          },
        },
      ],
      [
        'spec.metrics[0].external.metric.name: Required value: must specify a metric name',
        'spec.metrics[0].external.target.value: Invalid value: "0": must be positive',
        'spec.metrics[0].external.target.value: Forbidden: may not set both a target value for metric and a per-pod target',
      ],
    ],
    [
      'spec.metrics',
      [
        {
          type: 'ContainerResource',
          containerResource: { name: 'cpu', container: 'A', target: { type: 'Utilization' } },
        },
      ],
      [
        "spec.metrics[0].containerResource.container: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        'spec.metrics[0].containerResource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
      ],
    ],
    [
      'spec.behavior',
      {
        scaleUp: {
          stabilizationWindowSeconds: 4000,
          selectPolicy: 'Most',
          policies: [{ type: 'Nodes', value: 0, periodSeconds: 2000 }],
          tolerance: '-1',
        },
      },
      [
        'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600',
        'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Most": supported values: "Disabled", "Max", "Min"',
        'spec.behavior.scaleUp.policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods"',
        'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
        'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 2000: must be less than or equal to 1800',
        'spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be greater than or equal to 0',
      ],
    ],
    [
      'spec.behavior',
      { scaleDown: { policies: [] } },
      ['spec.behavior.scaleDown.policies: Required value: must specify at least one Policy'],
    ],
  ];
  for (const [path, value, errors] of cases) {
    t.same(createErrors(resource, withValue(autoscaler, path, value)), errors, path);
  }
  t.end();
});

t.test('what was allowed before may stay', (t) => {
  const old = withValue(autoscaler, 'spec.scaleTargetRef.apiVersion', undefined);
  const next = withValue(old, 'spec.scaleTargetRef.name', 'other');
  t.same(allUpdateErrors(resource, next, old), []);
  const external = {
    type: 'External',
    external: { metric: { name: 'm' }, target: { type: 'Value', value: '1' } },
  };
  const zero = withValue(withValue(autoscaler, 'spec.minReplicas', 0), 'spec.metrics', [external]);
  t.same(allUpdateErrors(resource, zero, zero), []);
  t.end();
});

t.test('autoscaling/v1 keeps in annotations what it has no field for', (t) => {
  const condition = {
    type: 'AbleToScale',
    status: 'True',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    reason: 'R',
    message: 'a < b',
  };
  const current = {
    type: 'Resource',
    resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '200m' } },
  };
  const object = {
    type: 'Object',
    object: {
      describedObject: { kind: 'Ingress', name: 'main', apiVersion: 'networking.k8s.io/v1' },
      target: { type: 'AverageValue', averageValue: '10' },
      metric: { name: 'hits', selector: { matchLabels: { a: 'b' } } },
    },
  };
  const rules = { selectPolicy: 'Max', policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] };
  const stored = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', annotations: { mine: 'x' } },
    spec: {
      scaleTargetRef,
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [requests, object, cpu],
      behavior: { scaleUp: { stabilizationWindowSeconds: 0, ...rules }, scaleDown: rules },
    },
    status: {
      currentReplicas: 2,
      desiredReplicas: 3,
      currentMetrics: [current],
      conditions: [condition],
    },
  };
  const shown = autoscalerFromStorage(structuredClone(stored));
  t.same(shown.spec, {
    scaleTargetRef,
    minReplicas: 1,
    maxReplicas: 5,
    targetCPUUtilizationPercentage: 80,
  });
  t.same(shown.status, {
    currentReplicas: 2,
    desiredReplicas: 3,
    currentCPUUtilizationPercentage: 40,
  });
  t.same(shown.metadata?.annotations, {
    mine: 'x',
    [annotated('metrics')]:
      '[{"type":"Pods","pods":{"metricName":"rps","targetAverageValue":"100"}},{"type":"Object","object":{"target":{"kind":"Ingress","name":"main","apiVersion":"networking.k8s.io/v1"},"metricName":"hits","targetValue":"0","selector":{"matchLabels":{"a":"b"}},"averageValue":"10"}}]',
    [annotated('current-metrics')]:
      '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":40,"currentAverageValue":"200m"}}]',
    [annotated('behavior')]:
      '{"ScaleUp":{"StabilizationWindowSeconds":0,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":1,"PeriodSeconds":60}],"Tolerance":null},"ScaleDown":{"StabilizationWindowSeconds":null,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":1,"PeriodSeconds":60}],"Tolerance":null}}',
    [annotated('conditions')]:
      '[{"type":"AbleToScale","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"R","message":"a \\u003c b"}]',
  });
  t.same(autoscalerToStorage(structuredClone(shown)), stored, 'and back');
  t.end();
});

t.test('annotations that make no sense are passed over', (t) => {
  const given = (annotations: Record<string, string>) =>
    autoscalerToStorage({ metadata: { name: 'web', annotations }, spec: autoscaler.spec });
  for (const text of ['{', '{}', '[1]', '[{"type":5}]', '[{"pods":{"targetAverageValue":"x"}}]']) {
    const stored = given({ [annotated('metrics')]: text });
    t.same(stored.spec?.metrics, [cpu], text);
    t.equal(stored.metadata?.annotations, undefined);
  }
  t.equal(given({ [annotated('behavior')]: '{}' }).spec?.behavior, undefined);
  const behavior = given({ [annotated('behavior')]: '{"scaleup":{"POLICIES":[{"type":"Pods"}]}}' });
  t.same(behavior.spec?.behavior?.scaleUp?.policies, [
    { type: 'Pods', value: 0, periodSeconds: 0 },
  ]);
  t.end();
});

t.test('rows', (t) => {
  const cells = (metrics: object[], currentMetrics: object[] = []) =>
    row(resource, { metadata, spec: { ...autoscaler.spec, metrics }, status: { currentMetrics } });
  t.same(cells([]), ['web', 'Deployment/web', '<none>', '<unset>', 5, 0, '60s']);
  const current = {
    type: 'Resource',
    resource: { name: 'cpu', current: { averageUtilization: 4 } },
  };
  t.equal(cells([cpu], [current])[2], 'cpu: 4%/80%');
  t.equal(cells([requests, cpu, cpu])[2], '<unknown>/100, cpu: <unknown>/80% + 1 more...');
  t.end();
});
