// The simulated runtime against the contract that the real one keeps.
import t from 'tap';
import { VirtualClock } from '../../clock.ts';
import { runtimeContract } from '../runtime.contract.ts';
import { behaviourOf, behaviourPrefix } from './behaviour.ts';
import { SimulatedRuntime } from './runtime.ts';

const clock = new VirtualClock();

t.test('contract', (t) =>
  runtimeContract(t, {
    make: async () => new SimulatedRuntime({ clock }),
    image: 'app:1',
    runForever: [],
    exitWith: (exitCode) => ({
      command: [],
      annotations: { [`${behaviourPrefix}main`]: JSON.stringify({ exitCode }) },
    }),
    succeed: ['true'],
    logDirectory: '',
    cgroupParent: '',
    pause: () => clock.advance(100),
  }),
);

t.test('behaviours come by run, and bad ones count as none', async (t) => {
  const of = (text: string, attempt: number) =>
    behaviourOf({ [`${behaviourPrefix}c`]: text }, 'c', attempt);
  t.strictSame(of('[{"exitCode":1},{"exitCode":0}]', 0), { exitCode: 1 });
  t.strictSame(of('[{"exitCode":1},{"exitCode":0}]', 7), { exitCode: 0 });
  t.strictSame(of('{nonsense', 0), {});
  t.strictSame(of('null', 0), {});
  t.strictSame(of('[]', 0), {});
});
