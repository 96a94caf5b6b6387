// Which images go when the disk fills: unused ones, the longest unused first, and no more than needed.
import t from 'tap';
import { VirtualClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { SimulatedRuntime } from '../simulated/runtime.ts';
import { type DiskUsage, ImageGarbage } from './image-garbage.ts';

const minutes = 60_000;

async function fixture() {
  const clock = new VirtualClock();
  const runtime = new SimulatedRuntime({ clock });
  const inUse = new Set<string>();
  const told: string[] = [];
  let usage: DiskUsage = { capacityBytes: 100 * 1024, availableBytes: 50 * 1024 };
  const garbage = new ImageGarbage({
    runtime,
    clock,
    logger: silentLogger,
    events: { pod() {}, node: (_type, reason, message) => told.push(`${reason} ${message}`) },
    imagesInUse: () => inUse,
    diskUsage: async () => usage,
  });
  const names = async () => (await runtime.listImages()).flatMap(({ tags }) => tags).sort();
  const pull = async (image: string) => {
    await runtime.pullImage(image);
    return (await runtime.imageStatus(image))?.id ?? '';
  };
  const pass = async () => {
    await clock.advance(5 * minutes);
    await garbage.collect();
  };
  return { inUse, told, names, pull, pass, fill: (next: DiskUsage) => (usage = next) };
}

t.test('nothing goes while there is room, and then only what is needed', async (t) => {
  const node = await fixture();
  const used = await node.pull('used:1');
  const recent = await node.pull('recent:1');
  await node.pull('old:1');
  await node.pull('registry.example/pause:1');
  node.inUse.add(used).add(recent);
  await node.pass();
  t.equal((await node.names()).length, 4);
  node.inUse.delete(recent);
  // 90 % used; 10 KiB must come free to stand at 80 %, and each image here has 1 KiB.
  node.fill({ capacityBytes: 10 * 1024, availableBytes: 1 * 1024 });
  await node.pass();
  t.strictSame(await node.names(), ['recent:1', 'registry.example/pause:1', 'used:1']);
  t.strictSame(node.told, []);
});

t.test('what cannot be freed is told, and young images stay', async (t) => {
  const node = await fixture();
  node.inUse.add(await node.pull('used:1'));
  await node.pull('unused:1');
  node.fill({ capacityBytes: 100 * 1024, availableBytes: 10 * 1024 });
  await node.pass();
  t.equal((await node.names()).length, 2, 'seen for the first time');
  await node.pass();
  t.strictSame(await node.names(), ['used:1']);
  t.match(
    node.told.at(-1),
    /^FreeDiskSpaceFailed Insufficient free disk space .*\(90% of 100\.0 KiB used\).*\(freed 1024 bytes\)/,
  );
});
