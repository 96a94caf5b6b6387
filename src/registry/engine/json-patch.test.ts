// RFC 6902 and RFC 7386 as tables, with the corners that attackers and typos find.
import t from 'tap';
import { applyJsonPatch, JsonPatchError, readJsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';

t.test('JSON patch', async (t) => {
  const cases: readonly [string, unknown, unknown[], unknown][] = [
    ['add a field', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    ['add into a list', { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    ['append', { a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    ['add null', {}, [{ op: 'add', path: '/a', value: null }], { a: null }],
    ['remove', { a: [1, 2] }, [{ op: 'remove', path: '/a/0' }], { a: [2] }],
    [
      'replace what is not there',
      { a: 1 },
      [{ op: 'replace', path: '/b', value: 2 }],
      { a: 1, b: 2 },
    ],
    ['add nothing', {}, [{ op: 'add', path: '/a' }], { a: null }],
    [
      'move',
      { a: { x: 1 }, b: {} },
      [{ op: 'move', from: '/a/x', path: '/b/y' }],
      { a: {}, b: { y: 1 } },
    ],
    ['move within a list', [1, 2, 3], [{ op: 'move', from: '/0', path: '/2' }], [2, 3, 1]],
    [
      'copy',
      { a: { x: 1 } },
      [{ op: 'copy', from: '/a', path: '/b' }],
      { a: { x: 1 }, b: { x: 1 } },
    ],
    [
      'escapes',
      { 'a/b': 1, 'm~n': 2 },
      [
        { op: 'remove', path: '/a~1b' },
        { op: 'test', path: '/m~0n', value: 2 },
      ],
      { 'm~n': 2 },
    ],
    ['test an absent field for null', {}, [{ op: 'test', path: '/a', value: null }], {}],
    [
      'test whatever the order',
      { a: { x: 1, y: 2 } },
      [{ op: 'test', path: '/a', value: { y: 2, x: 1 } }],
      { a: { x: 1, y: 2 } },
    ],
    ['an index from the end', [1, 2], [{ op: 'remove', path: '/-1' }], [1]],
  ];
  for (const [name, document, patch, expected] of cases) {
    t.strictSame(applyJsonPatch(document, readJsonPatch(patch).operations), expected, name);
  }
});

function refuses(call: () => unknown): boolean {
  try {
    call();
    return false;
  } catch (error) {
    return error instanceof JsonPatchError;
  }
}

t.test('JSON patch refuses', async (t) => {
  const document = Object.freeze({ a: 1, list: Object.freeze([1]) });
  const cases: readonly unknown[][] = [
    [{ op: 'remove', path: '/none' }],
    [{ op: 'add', path: '/none/deep', value: 1 }],
    [{ op: 'add', path: '/list/2', value: 1 }],
    [{ op: 'add', path: '/list/01', value: 1 }],
    [{ op: 'add', path: 'a', value: 1 }],
    [{ op: 'test', path: '/a', value: 2 }],
    [{ op: 'move', path: '/b' }],
    [{ op: 'move', from: '/list', path: '/list/0' }],
    [{ op: 'frob', path: '/a' }],
    [{ op: 'remove', path: '/toString' }],
    [{ path: '/a' }],
    ['x'],
  ];
  for (const patch of cases) {
    t.ok(
      refuses(() => applyJsonPatch(document, readJsonPatch(patch).operations)),
      JSON.stringify(patch),
    );
  }
  t.ok(refuses(() => readJsonPatch({})));
});

t.test('__proto__ is a field like any other', async (t) => {
  const patch = [{ op: 'add', path: '/__proto__', value: { polluted: true } }];
  const patched = applyJsonPatch({}, readJsonPatch(patch).operations) as object;
  t.equal(Object.getPrototypeOf(patched), Object.prototype);
  t.equal(JSON.stringify(patched), '{"__proto__":{"polluted":true}}');
  const merged = mergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}')) as object;
  t.equal(Object.getPrototypeOf(merged), Object.prototype);
});

t.test('merge patch', async (t) => {
  const cases: readonly [unknown, unknown, unknown][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    ['a', { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, expected] of cases) {
    t.strictSame(mergePatch(target, patch), expected, JSON.stringify(patch));
  }
});

t.test('copies that grow without end are refused', async (t) => {
  const doubled = Array.from({ length: 60 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }));
  const add = { op: 'add', path: '/a', value: ['x'.repeat(100)] };
  t.throws(() => applyJsonPatch({}, readJsonPatch([add, ...doubled]).operations), {
    message: /Unable to complete the copy, .* exceeding the limit 3145728/,
  });
  const deeper = Array.from({ length: 20 }, (_, at) => ({
    op: 'copy',
    from: '/a',
    path: '/a'.repeat(2 ** at + 1),
  }));
  t.throws(() => applyJsonPatch({ a: { a: {} } }, readJsonPatch(deeper).operations), {
    message: 'exceeded max depth',
  });
  t.same(
    applyJsonPatch({ a: 'x' }, readJsonPatch([{ op: 'copy', from: '/a', path: '/b' }]).operations),
    {
      a: 'x',
      b: 'x',
    },
  );
});
