// What a home folder holds: clusters, and what they share.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { chooseRanges } from './address-ranges.ts';
import { clusterPaths, coracleHome, listClusters, readFacts, writeFacts } from './cluster-files.ts';

t.test('clusters by name; files that they share, and folders of nobody, are none', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'coracle-files-'));
  t.teardown(() => rmSync(home, { recursive: true }));
  const ranges = chooseRanges([]);
  for (const name of ['b', 'a']) {
    const facts = { name, id: 'x', runtime: 'simulated', nodes: [], port: 1, ranges } as const;
    writeFacts(clusterPaths(home, name), facts);
  }
  writeFileSync(join(home, '.made-folders'), '/opt/cni\n');
  mkdirSync(join(home, '.compile-cache'));
  mkdirSync(join(home, 'half'));
  t.strictSame(
    listClusters(home).map(({ name }) => name),
    ['a', 'b'],
  );
  t.equal(readFacts(clusterPaths(home, 'half')), undefined);
  writeFileSync(join(home, 'half', 'cluster.json'), '{');
  t.throws(() => readFacts(clusterPaths(home, 'half')), /cannot read .*cluster\.json/);
  t.strictSame(listClusters(join(home, 'nowhere')), []);
});

t.test('the home folder is absolute, whatever the user says', async (t) => {
  t.equal(coracleHome({ CORACLE_HOME: 'x' }), join(process.cwd(), 'x'));
  t.match(coracleHome({ CORACLE_HOME: '' }), /\/\.coracle$/);
});
