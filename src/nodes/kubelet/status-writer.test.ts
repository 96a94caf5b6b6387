// What a status patch says: only what changed, and what is gone is taken away.
import t from 'tap';
import type { PodStatus } from '../../objects.ts';
import { statusPatch } from './status-writer.ts';

const ready = (status: string, rest: Record<string, string> = {}) => ({
  type: 'Ready',
  status,
  lastTransitionTime: '2026-01-01T00:00:00Z',
  ...rest,
});

t.test('a status that has not changed needs no write', async (t) => {
  const status: PodStatus = { phase: 'Running', conditions: [ready('True')] };
  t.strictSame(statusPatch(status, structuredClone(status)), {});
});

t.test('conditions merge by type, without a reason that no longer holds', async (t) => {
  const scheduled = { ...ready('True'), type: 'PodScheduled' };
  const base: PodStatus = {
    conditions: [ready('False', { reason: 'ContainersNotReady', message: 'm' }), scheduled],
  };
  t.strictSame(statusPatch(base, { conditions: [ready('True'), scheduled] }), {
    conditions: [{ ...ready('True'), reason: null, message: null }],
  });
});

t.test('addresses that are gone go, and so do reason and message of the pod', async (t) => {
  const base: PodStatus = { reason: 'Evicted', message: 'm', podIPs: [{ ip: '10.0.0.1' }] };
  t.strictSame(statusPatch(base, { podIPs: [{ ip: '10.0.0.2' }] }), {
    podIPs: [{ $patch: 'replace' }, { ip: '10.0.0.2' }],
    reason: null,
    message: null,
  });
});
