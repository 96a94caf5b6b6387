// ConfigMaps by which the server says whom to trust and since when it tracks tokens.
import t from 'tap';
import { VirtualClock } from '../../clock.ts';
import { createMemoryDriver } from '../../storage/memory.ts';
import { testApi } from '../api.fixture.ts';
import { tokenTrackingConfigMap, tokenTrackingName } from './authentication-config.ts';

const configMaps = '/api/v1/namespaces/kube-system/configmaps';
const now = Date.parse('2026-03-04T05:06:07Z');

t.test('a day that stands there is kept, anything else replaced', async (t) => {
  const since = (data: unknown) =>
    tokenTrackingConfigMap(data === undefined ? undefined : { metadata: {}, data }, now).data;
  t.strictSame(since(undefined), { since: '2026-03-04' });
  t.strictSame(since({ since: '2025-12-31' }), { since: '2025-12-31' });
  for (const bad of [{}, { since: '' }, { since: '2025-02-30' }, { since: '2025-1-1' }]) {
    t.strictSame(since(bad), { since: '2026-03-04' }, JSON.stringify(bad));
  }
});

t.test('the server makes both, and announces headers only with their authority', async (t) => {
  const clock = new VirtualClock(now);
  const driver = createMemoryDriver({ clock });
  const first = await testApi({ clock, driver });
  const trust = `${configMaps}/extension-apiserver-authentication`;
  const plain = await first.call('GET', trust);
  t.strictSame(Object.keys(plain.body.data ?? {}), ['client-ca-file']);
  const tracking = await first.call('GET', `${configMaps}/${tokenTrackingName}`);
  t.strictSame(tracking.body.data, { since: '2026-03-04' });
  first.api.close();

  await clock.advance(7 * 86_400_000);
  const second = await testApi({ clock, driver, requestHeaderAuthority: 'PEM' });
  t.teardown(() => second.api.close());
  const whole = await second.call('GET', trust);
  t.match(whole.body.data, {
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-client-ca-file': 'PEM',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-username-headers': '["X-Remote-User"]',
  });
  const kept = await second.call('GET', `${configMaps}/${tokenTrackingName}`);
  t.strictSame(kept.body.data, { since: '2026-03-04' });
});
