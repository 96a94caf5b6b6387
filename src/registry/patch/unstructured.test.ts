// What kube-apiserver v1.36.3 says of strategic patches whose result does not fit its type.
import t from 'tap';
import { parseDocument } from '../schema/json.ts';
import { loadTypeTable } from '../schema/table.ts';
import { unstructuredError, withIntegers } from './unstructured.ts';

const deployment = 'io.k8s.api.apps.v1.Deployment';
const table = loadTypeTable();

t.test('maps that do not fit', (t) => {
  const template = (spec: unknown) => ({ spec: { template: { spec } } });
  const container = (fields: object) => template({ containers: [{ name: 'c', ...fields }] });
  const cases: readonly (readonly [unknown, string | undefined])[] = [
    [{ spec: { replicas: 2 } }, undefined],
    [{ spec: { minReadySeconds: null } }, undefined],
    [{ spec: { replicas: 'x' } }, 'unrecognized type: int32'],
    [{ spec: { paused: 'x' } }, 'unrecognized type: bool'],
    [template('x'), 'cannot restore struct from: string'],
    [template({ containers: { a: 1 } }), 'cannot restore slice from map'],
    [template({ terminationGracePeriodSeconds: 1.5 }), 'cannot convert float64 to int64'],
    [template({ nodeSelector: ['x'] }), 'cannot restore map from slice'],
    [container({ command: [1] }), 'cannot convert int64 to string'],
    [
      container({ resources: { limits: { cpu: 'x' } } }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      { spec: { strategy: { rollingUpdate: { maxSurge: {} } } } },
      'json: cannot unmarshal object into Go value of type int32',
    ],
    [
      { metadata: { creationTimestamp: 'x' } },
      'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
    ],
  ];
  for (const [value, error] of cases) {
    t.equal(unstructuredError(table, deployment, value), error, JSON.stringify(value));
  }
  t.end();
});

t.test('numbers become the integers of their type', (t) => {
  const type = { kind: 'object', type: deployment } as const;
  const cases: readonly (readonly [string, unknown])[] = [
    ['2', 2],
    ['1e3', 1000],
    ['2.0', 2],
    ['3000000000', 3_000_000_000 - 2 ** 32],
    ['99999999999999999999', 0],
    ['1.5', 1.5],
  ];
  for (const [text, replicas] of cases) {
    const value = parseDocument(
      `{"spec":{"replicas":${text},"template":{"spec":{"containers":[]}}}}`,
    ).value;
    t.same(
      withIntegers(table, type, value),
      { spec: { replicas, template: { spec: { containers: [] } } } },
      text,
    );
  }
  t.equal(
    unstructuredError(table, deployment, parseDocument('{"spec":{"replicas":1e3}}').value),
    undefined,
  );
  t.end();
});
