// Events against the real API: what is said of those that there was no room for.
import t from 'tap';
import { adminToken, testApi } from '../api/api.fixture.ts';
import { VirtualClock } from '../clock.ts';
import { createLogger } from '../logger.ts';
import { withToken } from './credentials.ts';
import { createDirectTransport } from './direct.ts';
import { createEventRecorder, eventsWaitingMax } from './event-recorder.ts';
import { coreEvents, pods } from './resource-ref.ts';
import { createClient } from './rest-client.ts';

t.test('a burst that is too big is told of twice, not once for each event', async (t) => {
  const clock = new VirtualClock(Date.parse('2026-03-04T05:06:07Z'));
  const { api } = await testApi({ clock });
  t.teardown(() => api.close());
  const transport = withToken(createDirectTransport(api.handler), adminToken, { own: true });
  const client = createClient(transport, { userAgent: 'test' });
  const lines: string[] = [];
  const logger = createLogger({ clock, write: (line) => lines.push(line) });
  const recorder = createEventRecorder(client, { clock, logger, component: 'test' });
  const say = (from: number, count: number) => {
    for (let i = from; i < from + count; i++) {
      const metadata = { name: `p${i}`, namespace: 'default', uid: `uid-${i}` };
      recorder.event(pods, { metadata }, 'Normal', 'Testing', 'said');
    }
  };

  say(0, eventsWaitingMax + 7);
  t.equal(recorder.pending(), eventsWaitingMax);
  t.match(lines, [/WARN .*: events are being dropped: too many wait reason="Testing"$/]);
  await recorder.flush();
  t.equal(lines.length, 2);
  t.match(lines[1], /events were dropped: too many waited dropped=7$/);
  const { items } = await client.list(coreEvents, { namespace: 'default' });
  t.equal(items.length, eventsWaitingMax);

  say(5000, 1);
  await recorder.flush();
  t.equal(lines.length, 2, 'and then all is as before');
});
