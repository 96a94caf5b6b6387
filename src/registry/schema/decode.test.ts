// Tests the canonical form of decoded objects and Go's words for what does not fit.
import t from 'tap';
import { createDecoder } from './decode.ts';
import { fromJson, parseDocument, toJson } from './json.ts';
import { loadTypeTable } from './table.ts';

const core = 'io.k8s.api.core.v1';
const table = loadTypeTable();
const decode = createDecoder(table);

function canonical(type: string, text: string): string {
  return JSON.stringify(decode(type, parseDocument(text)).object);
}

function problems(type: string, text: string): readonly string[] {
  return decode(type, parseDocument(text)).problems;
}

t.test('a pod: Go order, empties dropped, structs written', async (t) => {
  const pod = `{"status":null,"spec":{"restartPolicy":"","containers":[{"image":"nginx",
    "resources":{"limits":{"memory":"1024Mi","cpu":0.5}},"name":"c","env":[],"ports":[
    {"hostPort":0,"containerPort":80}],"securityContext":{"runAsUser":0,"privileged":false}}],
    "terminationGracePeriodSeconds":0,"nodeSelector":{"b":"1","a":null}},
    "metadata":{"name":"p","labels":{},"creationTimestamp":null},"apiVersion":"v1","kind":"Pod"}`;
  t.equal(
    canonical(`${core}.Pod`, pod),
    '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":[' +
      '{"name":"c","image":"nginx","ports":[{"containerPort":80}],' +
      '"resources":{"limits":{"cpu":"500m","memory":"1Gi"}},' +
      '"securityContext":{"privileged":false,"runAsUser":0}}],' +
      '"terminationGracePeriodSeconds":0,"nodeSelector":{"a":"","b":"1"}},"status":{}}',
  );
});

t.test('the empty lists that are told from none', async (t) => {
  const rules = 'io.k8s.api.autoscaling.v2.HPAScalingRules';
  t.equal(canonical(rules, '{"policies":[]}'), '{"policies":[]}');
  t.equal(canonical(rules, '{"policies":null}'), '{}');
  const metadata = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
  t.equal(canonical(metadata, '{"managedFields":[],"finalizers":[]}'), '{"managedFields":[]}');
});

t.test('what Go always writes', async (t) => {
  t.equal(
    canonical('io.k8s.api.apps.v1.Deployment', '{}'),
    '{"metadata":{},"spec":{"selector":null,"template":{"metadata":{},' +
      '"spec":{"containers":null}},"strategy":{}},"status":{}}',
  );
  t.equal(canonical('io.k8s.api.rbac.v1.Role', '{"rules":[]}'), '{"metadata":{},"rules":[]}');
  t.equal(
    canonical(`${core}.Service`, '{"spec":{"ports":[{"port":80}]}}'),
    '{"metadata":{},"spec":{"ports":[{"port":80,"targetPort":0}]},"status":{"loadBalancer":{}}}',
  );
  t.equal(
    canonical(`${core}.Event`, '{"metadata":{"name":"e"}}'),
    '{"metadata":{"name":"e"},"involvedObject":{},"source":{},"firstTimestamp":null,' +
      '"lastTimestamp":null,"eventTime":null,"reportingComponent":"","reportingInstance":""}',
  );
});

t.test('times, bytes, maps', async (t) => {
  t.equal(
    canonical(
      'io.k8s.api.coordination.v1.Lease',
      '{"metadata":{"creationTimestamp":"2026-01-02T03:04:05.678+02:00"},' +
        '"spec":{"renewTime":"2026-01-02T03:04:05.000001-01:00"}}',
    ),
    '{"metadata":{"creationTimestamp":"2026-01-02T01:04:05Z"},' +
      '"spec":{"renewTime":"2026-01-02T04:04:05.000001Z"}}',
  );
  t.equal(
    canonical(`${core}.Secret`, '{"data":{"__proto__":"YR==","b":null},"type":"Opaque"}'),
    '{"metadata":{},"data":{"__proto__":"YQ==","b":""},"type":"Opaque"}',
  );
});

t.test('numbers keep every digit', async (t) => {
  const { object } = decode(
    `${core}.Pod`,
    parseDocument('{"metadata":{"generation":9007199254740993}}'),
  );
  t.equal((object.metadata as { generation?: unknown }).generation, 9007199254740993n);
});

t.test('values that do not fit, in Go words', async (t) => {
  const cannot = 'json: cannot unmarshal';
  const table: readonly (readonly [string, string, string])[] = [
    [
      'Pod',
      '{"spec":{"containers":"x"}}',
      `${cannot} string into Go struct field PodSpec.spec.containers of type []v1.Container`,
    ],
    [
      'Pod',
      '{"spec":{"containers":[{"env":[{"name":"a","value":1}]}]}}',
      `${cannot} number into Go struct field EnvVar.spec.containers.env.value of type string`,
    ],
    [
      'Pod',
      '{"metadata":{"labels":{"a":true}}}',
      `${cannot} bool into Go struct field ObjectMeta.metadata.labels of type string`,
    ],
    [
      'Pod',
      '{"metadata":{"labels":"a"}}',
      `${cannot} string into Go struct field ObjectMeta.metadata.labels of type map[string]string`,
    ],
    [
      'Pod',
      '{"metadata":[]}',
      `${cannot} array into Go struct field Pod.metadata of type v1.ObjectMeta`,
    ],
    [
      'Pod',
      '{"spec":{"priority":2147483648}}',
      `${cannot} number 2147483648 into Go struct field PodSpec.spec.priority of type int32`,
    ],
    [
      'Pod',
      '{"spec":{"priority":1.0}}',
      `${cannot} number 1.0 into Go struct field PodSpec.spec.priority of type int32`,
    ],
    [
      'Pod',
      '{"spec":{"priority":"1"}}',
      `${cannot} string into Go struct field PodSpec.spec.priority of type int32`,
    ],
    ['Pod', '[]', `${cannot} array into Go value of type v1.Pod`],
    [
      'Pod',
      '{"metadata":{"creationTimestamp":5}}',
      `${cannot} number into Go struct field ObjectMeta.metadata.creationTimestamp of type string`,
    ],
    [
      'Pod',
      '{"metadata":{"creationTimestamp":"x"}}',
      'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
    ],
    [
      'Pod',
      '{"spec":{"overhead":{"cpu":"1x"}}}',
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    ['Secret', '{"data":{"a":"abc"}}', 'illegal base64 data at input byte 0'],
    ['Secret', '{"data":{"a":"ab*d"}}', 'illegal base64 data at input byte 2'],
    [
      'Service',
      '{"spec":{"ports":[{"targetPort":true}]}}',
      `${cannot} bool into Go struct field ServicePort.spec.ports.targetPort of type int32`,
    ],
    [
      'Pod',
      '{"spec":{"priority":"1","hostNetwork":"x"}}',
      `${cannot} string into Go struct field PodSpec.spec.priority of type int32`,
    ],
  ];
  for (const [kind, text, message] of table) {
    t.throws(() => decode(`${core}.${kind}`, parseDocument(text)), { message }, text);
  }
});

t.test('unknown and duplicate fields in the order of the text', async (t) => {
  const text =
    '{"spec":{"foo":1,"containers":[{"name":"a","bar":{"x":1}},{"name":"b","name":"c"}]},' +
    '"metadata":{"labels":{"k":"1","k":"2"}},"constructor":{},"__proto__":{}}';
  t.same(problems(`${core}.Pod`, text), [
    'unknown field "spec.foo"',
    'unknown field "spec.containers[0].bar"',
    'duplicate field "spec.containers[1].name"',
    'duplicate field "metadata.labels.k"',
    'unknown field "constructor"',
    'unknown field "__proto__"',
  ]);
  t.same(problems(`${core}.Pod`, '{"spec":{"nodeName":"a"}}'), []);
});

/** Values of every shape, to be put where they do not belong. */
const oddities: readonly string[] = [
  'null',
  'true',
  '0',
  '-1',
  '1.5',
  '1e400',
  '12345678901234567890',
  '""',
  '"x"',
  '[]',
  '[null]',
  '[[[]]]',
  '{}',
  '{"a":null}',
  '{"name":{}}',
  '"\\ud800"',
];

t.test('no value of any shape crashes any type', async (t) => {
  for (const name of table.names) {
    for (const field of table(name).fields) {
      for (const odd of oddities) {
        const text = `{${JSON.stringify(field.name)}:${odd}}`;
        try {
          const { object } = decode(name, parseDocument(text));
          const once = toJson(object);
          const again = toJson(decode(name, { value: fromJson(once) }).object);
          if (once !== again) t.equal(again, once, `${name} ${text} is stable`);
        } catch (error) {
          if (!(error instanceof Error) || error.constructor.name !== 'DecodeError') throw error;
        }
      }
    }
  }
});
