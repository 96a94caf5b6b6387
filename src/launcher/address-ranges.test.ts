import t from 'tap';
import { addressAt, chooseRanges, prefixLength } from './address-ranges.ts';

t.test('the first cluster of a machine gets the first ranges', async (t) => {
  t.same(chooseRanges(['192.0.2.0/24', '127.0.0.0/8']), {
    nodes: '10.64.0.0/24',
    pods: '10.65.0.0/16',
    services: '10.128.0.0/16',
  });
});

t.test('ranges step aside for whatever overlaps any of the three', async (t) => {
  t.equal(chooseRanges(['10.64.0.0/24']).nodes, '10.64.1.0/24');
  t.equal(chooseRanges(['10.65.3.7']).pods, '10.66.0.0/16');
  t.equal(chooseRanges(['10.128.0.0/12']).services, '10.144.0.0/16');
  t.equal(chooseRanges(['fd00::/64', 'default']).nodes, '10.64.0.0/24');
});

t.test('a machine that routes all of 10/8 has no room', async (t) => {
  t.throws(() => chooseRanges(['10.0.0.0/8']), { message: /no free address ranges/ });
});

t.test('addresses count from the network address', async (t) => {
  t.equal(addressAt('10.64.3.0/24', 1), '10.64.3.1');
  t.equal(addressAt('10.65.0.0/16', 257), '10.65.1.1');
  t.equal(prefixLength('10.65.0.0/16'), 16);
});
