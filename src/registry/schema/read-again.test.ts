import t from 'tap';
import { fromJson, toJson } from './json.ts';
import { readAgain } from './read-again.ts';

const plain = [
  { a: 1, b: 'x', c: [true, null, { d: 1.5 }], 'é\ud800': {} },
  { gone: undefined, stays: { gone: undefined, also: [] } },
  { zero: -0, list: [-0, 0.1, -3, 9007199254740991] },
  JSON.parse('{"constructor":1,"10":2,"9":3,"toString":{}}') as object,
];

for (const value of plain) {
  t.test(`the copy of ${toJson(value)} is what its JSON says`, async (t) => {
    const copy = readAgain(value);
    t.strictSame(copy, fromJson(toJson(value)));
    t.equal(toJson(copy), toJson(value));
    t.not(copy, value);
    for (const zero of [(copy as { zero?: number }).zero]) t.not(Object.is(zero, -0), true);
  });
}

const odd = {
  'a bigint': { a: [1n] },
  'an integer that is not safe': { a: 2 ** 53 },
  'a number without end': { a: Number.POSITIVE_INFINITY },
  'an object of a class': { a: new Date(0) },
  'a field named __proto__': JSON.parse('{"a":{"__proto__":1}}') as object,
  'undefined in a list': { a: [undefined] },
};

for (const [what, value] of Object.entries(odd)) {
  t.test(`${what} must be read from JSON`, async (t) => t.equal(readAgain(value), undefined));
}
