// Tests the algebra of field sets against plain sets of paths, and the order of FieldsV1.
import t from 'tap';
import { seededRandom } from '../../random.ts';
import {
  difference,
  type FieldSet,
  intersection,
  recursiveDifference,
  setOf,
  union,
} from './field-set.ts';
import { forEachPath, ordered, pathText, readFieldsV1 } from './fields-v1.ts';

function paths(set: FieldSet): string[] {
  const found: string[] = [];
  forEachPath(set, (path) => void found.push(path.join('/')));
  return found.sort();
}

t.test('set operations agree with sets of paths', async (t) => {
  const random = seededRandom(7);
  const some = (): string[] => {
    const all = ['a', 'b', 'a/a', 'a/b', 'b/a', 'a/a/a', 'a/a/b', 'b/a/a'];
    return all.filter(() => random.next() < 0.4);
  };
  const set = (texts: readonly string[]) =>
    setOf(texts.map((text) => text.split('/').map((name) => `f:${name}`)));
  const named = (texts: Iterable<string>) =>
    [...new Set(texts)].map((text) => text.replaceAll(/[ab]/g, 'f:$&')).sort();
  for (let round = 0; round < 500; round += 1) {
    const [x, y] = [some(), some()];
    const [a, b] = [set(x), set(y)];
    const label = `${x} | ${y}`;
    const below = (path: string) => y.some((other) => `${path}/`.startsWith(`${other}/`));
    const same = (found: FieldSet, wanted: readonly string[]) => {
      if (paths(found).join() !== named(wanted).join()) t.same(paths(found), named(wanted), label);
    };
    same(union(a, b), [...x, ...y]);
    same(
      intersection(a, b),
      x.filter((path) => y.includes(path)),
    );
    same(
      difference(a, b),
      x.filter((path) => !y.includes(path)),
    );
    same(
      recursiveDifference(a, b),
      x.filter((path) => !below(path)),
    );
  }
});

t.test('FieldsV1 is read and written in upstream order', async (t) => {
  const given = JSON.parse(
    '{"v:2":{},"f:b":{"f:z":{},".":{}},"k:{ \\"p\\":\\"TCP\\",\\"n\\": 80}":{},"v:10":{},"f:a":{},' +
      '"k:{\\"n\\":9}":{},"i:3":{}}',
  );
  t.equal(
    JSON.stringify(ordered(readFieldsV1(given))),
    '{"f:a":{},"f:b":{".":{},"f:z":{}},"k:{\\"n\\":9}":{},' +
      '"k:{\\"n\\":80,\\"p\\":\\"TCP\\"}":{},"v:2":{},"v:10":{},"i:3":{}}',
  );
  for (const bad of [{ x: {} }, { 'f:a': 1 }, { 'k:[]': {} }, { 'v:{': {} }, { 'i:x': {} }, []]) {
    t.throws(() => readFieldsV1(bad));
  }
});

t.test('paths print as upstream prints them', async (t) => {
  const path = ['f:spec', 'f:ports', 'k:{"port":80,"protocol":"TCP"}', 'f:x', 'v:"a"', 'i:1'];
  t.equal(pathText(path), '.spec.ports[port=80,protocol="TCP"].x[="a"][1]');
});
