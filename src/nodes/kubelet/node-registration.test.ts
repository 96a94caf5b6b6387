// A node's own Node object, kept against the real API.
import t from 'tap';
import { adminToken, testApi } from '../../api/api.fixture.ts';
import { withToken } from '../../client/credentials.ts';
import { createDirectTransport } from '../../client/direct.ts';
import { nodes } from '../../client/resource-ref.ts';
import { createClient } from '../../client/rest-client.ts';
import { VirtualClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { SimulatedRuntime } from '../simulated/runtime.ts';
import { silentEvents } from './events.ts';
import { NodeRegistration } from './node-registration.ts';

t.test(
  'conditions that a controller has made Unknown are set right at the next look',
  async (t) => {
    const clock = new VirtualClock(Date.parse('2026-03-04T05:06:07Z'));
    const { api } = await testApi({ clock });
    t.teardown(() => api.close());
    const transport = withToken(createDirectTransport(api.handler), adminToken, { own: true });
    const client = createClient(transport, { userAgent: 'test' });
    const registration = new NodeRegistration({
      client,
      runtime: new SimulatedRuntime({ clock }),
      clock,
      logger: silentLogger,
      events: silentEvents,
      nodeName: 'n1',
      addresses: ['192.0.2.7'],
      labels: {},
      capacity: { cpus: 2, memoryBytes: 2 ** 30, ephemeralStorageBytes: 2 ** 30, pods: 110 },
      kubeletPort: 10250,
      isHealthy: () => true,
    });
    await registration.register();
    const ready = async () => {
      const { status } = await client.get(nodes, '', 'n1');
      return status?.conditions?.find(({ type }) => type === 'Ready')?.status;
    };
    t.equal(await ready(), 'True');
    const { resourceVersion } = registration.node?.metadata ?? {};
    // A heartbeat would show: it is only written when something else is, or after a while.
    await clock.advance(20_000);
    await registration.updateStatus();
    t.equal(registration.node?.metadata?.resourceVersion, resourceVersion, 'nothing to write');

    const conditions = registration.node?.status?.conditions?.map((condition) => ({
      ...condition,
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
    }));
    const unknown = { status: { conditions } };
    await client.patch(nodes, '', 'n1', 'strategic', unknown, { subresource: 'status' });
    t.equal(await ready(), 'Unknown');
    await registration.updateStatus();
    t.equal(await ready(), 'True');
  },
);
