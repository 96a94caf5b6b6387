// A new object's fields, found without comparing, against the comparison with an empty object.
import t from 'tap';
import { type Random, seededRandom } from '../../random.ts';
import { createDecoder } from '../schema/decode.ts';
import { toJson } from '../schema/json.ts';
import { loadTypeTable } from '../schema/table.ts';
import type { ScalarKind, TypeRef } from '../schema/types.ts';
import { compare, excluding } from './compare.ts';
import { createdFieldsOf } from './created-fields.ts';
import { type FieldSet, setOf, union } from './field-set.ts';
import { ordered } from './fields-v1.ts';
import { withoutIdentity } from './settle.ts';
import { createShapes } from './shape.ts';

const table = loadTypeTable();
const decode = createDecoder(table);
const shapes = createShapes(table);
const empty = (schema: string) => decode(schema, { value: {} }).object;
const created = createdFieldsOf(shapes, empty);

function compared(schema: string, object: object, ignored: FieldSet): FieldSet {
  const changes = excluding(compare(shapes(schema), empty(schema), object), ignored);
  return ordered(withoutIdentity(union(changes.modified, changes.added)));
}

const scalars: Readonly<Record<ScalarKind, unknown>> = {
  string: ['', 'a', 'b'],
  bool: [true, false],
  int32: [0, 7, -1],
  int64: [0, 7, 9_007_199_254_740_993n],
  float64: [0, 1.5],
  bytes: ['', 'YQ=='],
  quantity: ['0', '1'],
  intOrString: [0, '', 'x'],
  time: ['2026-01-01T00:00:00Z'],
  microTime: ['2026-01-01T00:00:00.000000Z'],
  duration: ['1s'],
  raw: [{}, { a: 1 }, null],
};
const depthMax = 9;

/** Anything at all of a type, sparse, with zero values, empty lists and repeated keys among it. */
function some(random: Random, type: TypeRef, depth: number): unknown {
  const below = (max: number) => Math.floor(random.next() * max);
  switch (type.kind) {
    case 'object': {
      const out: Record<string, unknown> = {};
      for (const field of table(type.type).fields) {
        if (depth < depthMax && random.next() < 0.35) {
          out[field.name] = some(random, field.type, depth + 1);
        }
      }
      return out;
    }
    case 'list':
      return Array.from({ length: below(4) }, () => some(random, type.item, depth + 1));
    case 'map': {
      const keys = ['b', 'a', '10', '9', 'é'].slice(0, below(6));
      return Object.fromEntries(keys.map((key) => [key, some(random, type.value, depth + 1)]));
    }
    default: {
      const choices = scalars[type.kind] as readonly unknown[];
      return choices[below(choices.length)];
    }
  }
}

t.test('the same fields in the same order, for every kind', async (t) => {
  const random = seededRandom(11);
  const resets = [
    setOf([]),
    setOf([['f:status']]),
    setOf([['f:spec'], ['f:metadata', 'f:labels']]),
  ];
  const kinds = table.names.filter(
    (name) =>
      table(name).fields.some((field) => field.name === 'metadata') &&
      !name.includes('apiextensions'),
  );
  let differing = 0;
  for (const schema of kinds) {
    for (let round = 0; round < 12; round++) {
      const value = some(random, { kind: 'object', type: schema }, 0);
      const { object } = decode(schema, { value });
      const ignored = resets[round % resets.length] ?? {};
      const found = JSON.stringify(created(schema, object, ignored));
      const expected = JSON.stringify(compared(schema, object, ignored));
      if (found === expected) continue;
      differing++;
      if (differing < 4) t.equal(found, expected, `${schema} ${toJson(object)}`);
    }
  }
  t.equal(differing, 0);
});
