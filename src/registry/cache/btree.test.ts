// Checks the B-tree against a sorted array over long random histories, snapshots included.
import t from 'tap';
import { seededRandom } from '../../random.ts';
import { compareKeys } from '../../storage/ordered-keys.ts';
import { BTree, type BTreeView } from './btree.ts';

function check(
  test: Pick<typeof t, 'equal' | 'strictSame'>,
  view: Pick<BTreeView<string>, 'get' | 'range' | 'count' | 'size'>,
  model: ReadonlyMap<string, string>,
  probes: readonly string[],
): void {
  const keys = [...model.keys()].sort(compareKeys);
  test.equal(view.size, keys.length);
  for (const prefix of ['/', '/a/', '/b/', '/b/1', '/zz']) {
    for (const from of [undefined, ...probes]) {
      const expected = keys.filter(
        (key) => key.startsWith(prefix) && (from === undefined || compareKeys(key, from) >= 0),
      );
      const got = [...view.range(prefix, from)];
      if (got.join() !== expected.map((key) => model.get(key)).join()) {
        test.strictSame(got, expected, `range ${prefix} from ${from}`);
      }
      const count = view.count(prefix, from);
      if (count !== expected.length) test.equal(count, expected.length, `count ${prefix} ${from}`);
    }
  }
  for (const probe of probes) {
    if (view.get(probe) !== model.get(probe)) test.equal(view.get(probe), model.get(probe));
  }
}

t.test('agrees with a sorted array, and snapshots keep their state', (test) => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = seededRandom(seed);
    const tree = new BTree<string>();
    const model = new Map<string, string>();
    const kept: { view: BTreeView<string>; model: Map<string, string> }[] = [];
    const key = () =>
      `/${random.next() < 0.3 ? 'a' : 'b'}/${Math.floor(random.next() * 900).toString(36)}`;
    for (let step = 0; step < 3000; step++) {
      const deleting = random.next() < (step % 1000 < 600 ? 0.2 : 0.85);
      const at = key();
      if (deleting) {
        if (tree.delete(at) !== model.get(at)) test.fail(`seed ${seed} step ${step}`);
        model.delete(at);
      } else {
        if (tree.set(at, `${at}@${step}`) !== model.get(at)) test.fail(`seed ${seed} step ${step}`);
        model.set(at, `${at}@${step}`);
      }
      if (step % 250 === 0) kept.push({ view: tree.snapshot(), model: new Map(model) });
    }
    const probes = [key(), key(), '/b/', '/b/zzz', '/a/0\0', ''];
    for (const each of kept) check(test, each.view, each.model, probes);
    check(test, tree.snapshot(), model, probes);
    const edited = kept.at(-1)?.view.edit();
    edited?.set('/a/new', 'x');
    for (const each of kept) check(test, each.view, each.model, probes);
  }
  test.end();
});

t.test('orders keys as their UTF-8 bytes', (test) => {
  const keys = ['/é', '/z', '/\u{1f600}', '/\uffee', '/a', '/a/b', '/\ue000', ''];
  const byBytes = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  test.strictSame([...keys].sort(compareKeys), byBytes);
  const tree = new BTree<string>();
  for (const key of keys) tree.set(key, key);
  test.strictSame([...tree.snapshot().range('')], byBytes);
  test.equal(tree.snapshot().count('/'), 7);
  test.end();
});

t.test('an emptied tree can be filled again', (test) => {
  const tree = new BTree<number>();
  for (let i = 0; i < 500; i++) tree.set(`k${i}`, i);
  for (let i = 0; i < 500; i++) tree.delete(`k${i}`);
  test.equal(tree.size, 0);
  test.strictSame([...tree.snapshot().range('')], []);
  tree.set('k', 1);
  test.strictSame([...tree.snapshot().range('')], [1]);
  test.equal(tree.delete('none'), undefined);
  test.end();
});
