// Tests what bodies are read as and what is said about those that cannot be.
import t from 'tap';
import { createDecoder } from './decode.ts';
import { decodeStored, encodeStored } from './encode.ts';
import { createProtobufCodec } from './protobuf/codec.ts';
import type { BodyOptions, ExpectedType } from './read-body.ts';
import { createBodyReader } from './read-body.ts';
import { loadTypeTable } from './table.ts';

const table = loadTypeTable();
const read = createBodyReader(table, createDecoder(table), createProtobufCodec(table));
const pod: ExpectedType = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  schema: 'io.k8s.api.core.v1.Pod',
};

function options(more: Partial<BodyOptions> = {}): BodyOptions {
  return { contentType: 'application/json', fieldValidation: 'Strict', warn: () => {}, ...more };
}

t.test('bodies that are refused', async (t) => {
  const unrecognized = 'the object provided is unrecognized (must be of type Pod):';
  const parse = `${unrecognized} couldn't get version/kind; json parse error:`;
  const messages: Readonly<Record<string, string>> = {
    '': `${parse} unexpected end of JSON input (<empty>)`,
    '{"kind"': `${parse} unexpected end of JSON input ({"kind")`,
    '{"kind":"Pod",}': `${parse} invalid character '}' looking for beginning of object key string ({"kind":"Pod",})`,
    hello: `${parse} invalid character 'h' looking for beginning of value (68656c6c6f)`,
    '{"a":tru}': `${parse} invalid character '}' in literal true (expecting 'e') ({"a":tru})`,
    '{"a" 1}': `${parse} invalid character '1' after object key ({"a" 1})`,
    '{} x': `${parse} invalid character 'x' after top-level value ({} x)`,
    '{"kind":1}': `${parse} json: cannot unmarshal number into Go struct field .kind of type string ({"kind":1})`,
    '{"kind":"Nope","apiVersion":"v1"}':
      'Nope in version "v1" cannot be handled as a Pod: no kind "Nope" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    '{"kind":"Service","apiVersion":"v1"}':
      'Service in version "v1" cannot be handled as a Pod: converting (v1.Service) to (core.Pod): unknown conversion',
    '{"spec":{"foo":1,"bar":2}}':
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.foo", unknown field "spec.bar"',
    '{"spec":{"containers":{}}}':
      'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
  };
  for (const [text, message] of Object.entries(messages)) {
    await t.rejects(read(Buffer.from(text), pod, options()), { message, code: 400 }, text);
  }
  const deep = Buffer.from('['.repeat(100_000) + ']'.repeat(100_000));
  await t.rejects(read(deep, pod, options()), { message: /exceeded max depth/ });
  await t.rejects(read(Buffer.from('{}'), pod, options({ contentType: 'text/plain' })), {
    code: 415,
  });
});

t.test('warnings, defaults of type meta, YAML', async (t) => {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const text = Buffer.from('{"metadata":{"name":"p","name":"q"},"foo":1}');
  const object = await read(text, pod, options({ fieldValidation: 'Warn', warn }));
  t.same(warnings, ['duplicate field "metadata.name"', 'unknown field "foo"']);
  t.equal(JSON.stringify(object).slice(0, 33), '{"kind":"Pod","apiVersion":"v1","'.slice(0, 33));
  const yaml =
    'kind: Pod\nmetadata:\n  name: p\n  creationTimestamp: 2026-01-02T03:04:05Z\nspec:\n  hostNetwork: yes\n';
  const contentType = 'application/yaml';
  const fromYaml = await read(Buffer.from(yaml), pod, options({ contentType }));
  t.match(fromYaml, {
    metadata: { creationTimestamp: '2026-01-02T03:04:05Z' },
    spec: { hostNetwork: true },
  });
  await t.rejects(read(Buffer.from('a: b: c\n'), pod, options({ contentType })), {
    message: /unrecognized \(must be of type Pod\): yaml: line 1: /,
  });
  await t.rejects(read(Buffer.from('kind: Pod\nkind: Pod\n'), pod, options({ contentType })), {
    message: /strict decoding error: yaml: unmarshal errors:\n {2}line 2: key "kind" already set/,
  });
});

t.test('storage keeps the object, less what the cache splices in', async (t) => {
  const text = '{"metadata":{"name":"p","resourceVersion":"5","generation":9007199254740993}}';
  const stored = encodeStored(await read(Buffer.from(text), pod, options()));
  t.equal(
    Buffer.from(stored).toString(),
    '{"metadata":{"name":"p","generation":9007199254740993},"spec":{"containers":null},"status":{}}',
  );
  t.same(encodeStored(decodeStored(stored)), stored);
});

t.test('what Go takes for no number in YAML is a text', async (t) => {
  const yaml = 'metadata:\n  name: a\n  labels:\n    ".": x\n  annotations:\n    .: -.\n    b: .\n';
  const object = await read(Buffer.from(yaml), pod, options({ contentType: 'application/yaml' }));
  t.same(object.metadata.annotations, { '.': '-.', b: '.' });
});
