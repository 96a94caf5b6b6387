// All black-box suites, one after another, on one cluster.
import t from 'tap';
import { openCluster } from './cluster.fixture.ts';
import { apiMachinery } from './suites/api-machinery.ts';
import { badInput } from './suites/bad-input.ts';
import { podEnvironment } from './suites/pod-environment.ts';
import { pods } from './suites/pods.ts';
import { services } from './suites/services.ts';
import { streams } from './suites/streams.ts';
import type { Suite } from './workbench.ts';

const all: readonly Suite[] = [apiMachinery, badInput, pods, podEnvironment, services, streams];

t.setTimeout(0);
const words = (process.env.CORACLE_CONFORMANCE_SUITES ?? '')
  .split(',')
  .filter((word) => word !== '');
const wanted = all.filter(
  ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
);
if (wanted.length === 0) {
  throw new Error(`no suite is called ${words}; there are ${all.map((each) => each.name)}`);
}
const cluster = await openCluster();
t.teardown(() => cluster.close());
for (const suite of wanted) t.test(suite.name, (t) => suite.run(t, cluster));
t.test('the cluster goes without a trace', async (t) => {
  t.strictSame(await cluster.close(), []);
});
