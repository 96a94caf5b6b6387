// Protobuf against bytes worked out by hand, against JSON for every type, and against broken input.
import t from 'tap';
import { type Random, seededRandom } from '../../../random.ts';
import { createDecoder } from '../decode.ts';
import { NumberLiteral, toJson } from '../json.ts';
import { loadTypeTable } from '../table.ts';
import type { FieldSchema, ScalarKind, TypeRef } from '../types.ts';
import { createProtobufCodec } from './codec.ts';
import { enveloped, readEnvelope } from './envelope.ts';
import { unionOf } from './schema-unions.ts';
import { ProtobufError } from './wire-reader.ts';

const table = loadTypeTable();
const codec = createProtobufCodec(table);
const decode = createDecoder(table);
const core = 'io.k8s.api.core.v1';
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

function hex(type: string, value: object): string {
  const { object } = decode(type, { value });
  return Buffer.from(codec.encode(type, object)).toString('hex');
}

function fromHex(type: string, text: string): unknown {
  return codec.decode(type, Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

t.test('bytes as Go writes them', async (t) => {
  const cases: readonly [string, object, string][] = [
    // What is no pointer is always there; a label's entry is a message of key and value.
    [
      `${core}.ConfigMap`,
      { metadata: { name: 'a' }, data: { k: 'v' } },
      '0a11 0a0161 1200 1a00 2200 2a00 3200 3800 4200 1206 0a016b 120176',
    ],
    // Pointers are there when they are set, to zero too; negative numbers take ten bytes.
    [`${core}.SecurityContext`, { runAsUser: 0, privileged: false }, '1000 2000'],
    [`${core}.SecurityContext`, { runAsUser: -1 }, '20 ffffffffffffffffff01'],
    [`${core}.SecurityContext`, { runAsUser: 300 }, '20 ac02'],
    [`${core}.EndpointPort`, {}, '0a00 1000 1a00'],
    // Structs that JSON inlines are messages of their own.
    [`${core}.SecretKeySelector`, { name: 'n', key: 'k' }, '0a03 0a016e 12016b'],
    // Quantity, IntOrString, Time, lists of numbers.
    [
      `${core}.ResourceRequirements`,
      { limits: { cpu: '0.5' } },
      '0a0d 0a03637075 1206 0a04 3530306d',
    ],
    [`${core}.TCPSocketAction`, { port: 80 }, '0a06 0800 1050 1a00 1200'],
    [`${core}.TCPSocketAction`, { port: 'web' }, '0a09 0801 1000 1a03776562 1200'],
    [
      `${meta}.ManagedFieldsEntry`,
      { time: '1970-01-01T00:00:01Z', fieldsV1: {} },
      '0a00 1200 1a00 2204 0801 1000 3200 3a04 0a027b7d 4200',
    ],
    [`${core}.LinuxContainerUser`, { supplementalGroups: [1, 2] }, '0800 1000 1801 1802'],
    [
      'io.k8s.api.coordination.v1.LeaseSpec',
      { renewTime: '1970-01-01T00:00:00.000002Z' },
      '2205 0800 10d00f',
    ],
    [
      'io.k8s.api.authentication.v1.UserInfo',
      { extra: { a: ['x', 'y'] } },
      '0a00 1200 220b 0a0161 1206 0a0178 0a0179',
    ],
    [
      `${meta}.APIResource`,
      { name: 'p', verbs: ['get'] },
      '0a0170 1000 1a00 2205 0a03676574 3200 4200 4a00 5200',
    ],
  ];
  for (const [type, value, expected] of cases) {
    const bytes = expected.replaceAll(' ', '');
    t.equal(hex(type, value), bytes, `${type} ${JSON.stringify(value)}`);
    t.equal(toJson(fromHex(type, bytes)), toJson(decode(type, { value }).object), `${type} back`);
  }
});

t.test('schemas of custom resources', async (t) => {
  const type = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';
  const choices: readonly object[] = [
    { additionalProperties: true },
    { additionalProperties: false },
    { additionalProperties: { type: 'string' } },
    { items: { type: 'object', properties: { a: { nullable: true } } } },
    { items: [{ type: 'string' }, {}] },
    { dependencies: { a: ['b', 'c'], d: { type: 'x' } } },
    { enum: [1, 'a', null], default: { a: 1 }, maximum: 1.5 },
  ];
  for (const value of choices) {
    const { object } = decode(type, { value });
    t.same(codec.decode(type, codec.encode(type, object)), object, JSON.stringify(value));
  }
});

t.test('the envelope', async (t) => {
  const message = Buffer.from('0a00', 'hex');
  const bytes = enveloped('v1', 'Pod', message);
  t.equal(
    Buffer.from(bytes).toString('hex'),
    '6b387300 0a090a027631 1203506f64 1202 0a00 1a00 2200'.replaceAll(' ', ''),
  );
  t.match(readEnvelope(bytes), { apiVersion: 'v1', kind: 'Pod', raw: message });
  const status = codec.document({ kind: 'Status', apiVersion: 'v1' });
  t.match(readEnvelope(status ?? message), { apiVersion: 'v1', kind: 'Status' });
  t.equal(codec.document({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' }), undefined);
  t.throws(() => readEnvelope(new Uint8Array(0)), { message: 'empty data' });
  t.throws(() => readEnvelope(Buffer.from('k8s\0')), { message: 'empty body' });
  t.throws(() => readEnvelope(Buffer.from('{}')), { message: /expected prefix \[107 56 115 0\]/ });
});

t.test('what other writers may do', async (t) => {
  const pair = `${core}.ResourceQuotaSpec`;
  const handler = '0a05 0a03 0a0161';
  t.match(fromHex(`${core}.Probe`, `${handler} ${handler}`), { exec: { command: ['a', 'a'] } });
  // Parts of one message may come apart, unknown fields of every form in between.
  t.same(fromHex(`${core}.ConfigMap`, '0a03 0a0161 f80701 0a03 1a0162'), {
    metadata: { name: 'a', namespace: 'b' },
  });
  t.same(fromHex(`${core}.SecretKeySelector`, '0a03 0a0161 f9070102030405060708 fd0701020304'), {
    name: 'a',
    key: '',
  });
  t.same(fromHex(`${core}.SecretKeySelector`, 'fb07 0801 fc07 12016b'), { key: 'k' });
  // Packed numbers, and the last of several values.
  t.same(fromHex(`${core}.LinuxContainerUser`, '1a020102 0805 0806'), {
    uid: 6,
    gid: 0,
    supplementalGroups: [1, 2],
  });
  const spec = decode(pair, { value: { hard: { __proto__: null } } }).object;
  t.same(codec.decode(pair, codec.encode(pair, spec)), {});
  const labels = JSON.parse('{"data":{"__proto__":"x"}}') as object;
  const { object } = decode(`${core}.ConfigMap`, { value: labels });
  const back = codec.decode(`${core}.ConfigMap`, codec.encode(`${core}.ConfigMap`, object));
  t.equal(toJson(back), '{"metadata":{},"data":{"__proto__":"x"}}');
});

/** Values of one kind each time, all of them canonical. */
const samples: Readonly<Record<ScalarKind, readonly unknown[]>> = {
  string: ['x', 'é€😀', 'long '.repeat(20), '\u0000"\\', '\ufeffx'],
  bool: [true],
  int32: [1, -5, 2_147_483_647, -2_147_483_648],
  int64: [
    1,
    -1,
    2 ** 40,
    -9_007_199_254_740_992n,
    9_007_199_254_740_993n,
    -9_223_372_036_854_775_808n,
  ],
  float64: [1.5, -0.25],
  bytes: ['AAEC+g==', 'YWJj'],
  quantity: ['500m', '2Gi', '-7k', '3e3'],
  intOrString: [8080, -1, '50%', ''],
  time: [
    '2026-01-02T03:04:05Z',
    '1969-12-31T23:59:59Z',
    '0001-01-02T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ],
  microTime: ['2026-01-02T03:04:05.000001Z', '1900-02-28T00:00:00.999999Z'],
  duration: ['1s'],
  raw: [{ a: [1, null, 'ü', 12_345_678_901_234_567_890n] }, [], 'text', true],
};
/** Lists and maps hold several values up to here, one below. */
const severalDepth = 4;

/** JSONSchemaProps would never end. */
function holdsItself(name: string, type: TypeRef): boolean {
  if (type.kind === 'list') return holdsItself(name, type.item);
  if (type.kind === 'map') return holdsItself(name, type.value);
  return type.kind === 'object' && type.type === name;
}

class Filler {
  readonly #random: Random;
  readonly #choose: (field: FieldSchema) => boolean;
  readonly #zero: boolean;

  constructor(seed: number, choose: (field: FieldSchema) => boolean, zero: boolean) {
    this.#random = seededRandom(seed);
    this.#choose = choose;
    this.#zero = zero;
  }

  type(name: string, depth = 0): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    for (const field of table(name).fields) {
      if (field.proto === 0 || !this.#choose(field) || holdsItself(name, field.type)) continue;
      out[field.name] = this.value(field.type, depth + 1);
    }
    return out;
  }

  value(type: TypeRef, depth: number): unknown {
    if (type.kind === 'object') return this.type(type.type, depth);
    const several = depth <= severalDepth;
    if (type.kind === 'list') {
      const list = [this.value(type.item, depth)];
      return several ? [...list, this.value(type.item, depth)] : list;
    }
    if (type.kind === 'map') {
      const keys = several ? ['10', '9', 'é/k'] : ['k'];
      return Object.fromEntries(keys.map((key) => [key, this.value(type.value, depth)]));
    }
    if (unionOf(type) !== undefined) return { type: 'x' };
    if (this.#zero) return zeros[type.kind];
    const choices = samples[type.kind];
    return choices[Math.floor(this.#random.next() * choices.length)];
  }
}

const zeros: Readonly<Record<ScalarKind, unknown>> = {
  string: '',
  bool: false,
  int32: 0,
  int64: 0,
  float64: 0,
  bytes: '',
  quantity: '0',
  intOrString: 0,
  time: '1970-01-01T00:00:00Z',
  microTime: '1970-01-01T00:00:00.000000Z',
  duration: '0s',
  raw: {},
};

/** Types whose fields have no numbers: answers that there are in JSON and YAML only. */
function hasMessage(name: string): boolean {
  return table(name).fields.some(({ proto }) => proto > 0) || table(name).fields.length === 0;
}

t.test('every type: JSON, protobuf and back are one object', async (t) => {
  const fillers = [
    new Filler(1, () => true, false),
    new Filler(2, () => false, false),
    new Filler(3, ({ pointer }) => pointer === true, true),
  ];
  const random = seededRandom(4);
  for (let seed = 10; seed < 13; seed++) {
    fillers.push(new Filler(seed, () => random.next() < 0.4, false));
  }
  let differing = 0;
  for (const name of table.names) {
    if (!hasMessage(name)) continue;
    for (const filler of fillers) {
      const { object } = decode(name, { value: filler.type(name) });
      const bytes = codec.encode(name, object);
      const back = codec.decode(name, bytes);
      if (toJson(back) === toJson(object) && Buffer.from(bytes).equals(codec.encode(name, back))) {
        continue;
      }
      differing++;
      if (differing < 5) t.equal(toJson(back), toJson(object), name);
    }
  }
  t.equal(differing, 0);
});

t.test('broken messages are refused or read, never worse', async (t) => {
  const name = `${core}.Pod`;
  const { object } = decode(name, { value: new Filler(1, () => true, false).type(name) });
  const bytes = codec.encode(name, object);
  const random = seededRandom(99);
  const tryIt = (broken: Uint8Array) => {
    try {
      codec.decode(name, broken);
    } catch (error) {
      if (!(error instanceof ProtobufError)) throw error;
    }
  };
  for (let cut = 0; cut < 500; cut++) tryIt(bytes.subarray(0, cut));
  for (let round = 0; round < 1000; round++) {
    const broken = Buffer.from(bytes);
    for (let flip = 0; flip < 3; flip++) {
      broken[Math.floor(random.next() * broken.length)] = Math.floor(random.next() * 256);
    }
    tryIt(broken);
  }
  const refused: readonly [string, string][] = [
    ['0a', 'unexpected EOF'],
    ['0a05 0a', 'unexpected EOF'],
    ['0801', 'proto: wrong wireType = 0 for field ObjectMeta'],
    ['0001', 'proto: Pod: illegal tag 0 (wire type 0)'],
    ['0c', 'proto: Pod: wiretype end group for non-group'],
    ['0a ffffffffffffffffff01', 'proto: negative length found during unmarshaling'],
    ['ffffffffffffffffffffff', 'proto: integer overflow'],
    ['f807 ffffffffffffffffffffff', 'proto: integer overflow'],
    ['fe07', 'proto: illegal wireType 6'],
    ['fb07 08', 'unexpected EOF'],
  ];
  for (const [text, message] of refused) t.throws(() => fromHex(name, text), { message }, text);
  t.throws(() => fromHex(`${core}.ResourceRequirements`, '0a08 0a0161 1203 0a0178'), {
    message: /^quantities must match the regular expression/,
  });
  // JSON in a message is read as a body's: no deeper, and no number beyond the largest.
  const revision = 'io.k8s.api.apps.v1.ControllerRevision';
  const huge = { data: { a: new NumberLiteral('1e999', Number.POSITIVE_INFINITY) } };
  t.match(codec.decode(revision, codec.encode(revision, huge)), { data: { a: Number.MAX_VALUE } });
  let deep: unknown = [];
  for (let depth = 0; depth < 1000; depth++) deep = [deep];
  const tooDeep = codec.encode(revision, { data: deep });
  t.throws(() => codec.decode(revision, tooDeep), { message: 'an embedded object is not JSON' });
  // Groups within groups cost no stack.
  const groups = Buffer.alloc(200_000, Buffer.from('fb07', 'hex'));
  t.throws(() => codec.decode(name, groups), { message: 'unexpected EOF' });
});
