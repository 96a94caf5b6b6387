// What clients ask for and what they get: media types, shapes, and the refusals.
import t from 'tap';
import { negotiate, type Offer } from './negotiation.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const partial = (type: string, as: string) => `${type};as=${as};g=meta.k8s.io;v=v1`;
const whole: Offer = { table: true, partial: true };

function chosen(accept: string | undefined, offer: Offer = whole, query = '') {
  return negotiate({ headers: { accept } }, new URLSearchParams(query), offer);
}

t.test('the first acceptable form, by quality and order', async (t) => {
  const cases: readonly [string | undefined, object][] = [
    [undefined, { format: 'json', shape: 'object' }],
    ['', { format: 'json', shape: 'object' }],
    ['*/*', { format: 'json', shape: 'object' }],
    ['*', { format: 'json', shape: 'object' }],
    ['application/*', { format: 'json', shape: 'object' }],
    [`${table},application/json`, { shape: 'table', metaVersion: 'v1' }],
    [
      'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
      { shape: 'table', metaVersion: 'v1beta1' },
    ],
    ['application/json;as=Table;v=v2;g=meta.k8s.io,application/json', { shape: 'object' }],
    ['application/json;q=0.1,application/yaml', { format: 'yaml' }],
    ['application/json;q=0', { format: 'json' }],
    ['application/json;q=x, application/yaml;q=0.1', { format: 'yaml' }],
    ['*/*,application/yaml', { format: 'yaml' }],
    ['image/png, application/json ; q=0.5', { format: 'json' }],
    [protobuf, { format: 'protobuf', shape: 'object' }],
    [`${protobuf},application/json`, { format: 'protobuf', shape: 'object' }],
    [`application/json,${protobuf}`, { format: 'json' }],
    [`application/json;q=0.5,${protobuf};q=0.9`, { format: 'protobuf' }],
    [`${protobuf};stream=watch`, { format: 'protobuf' }],
    [`${partial(protobuf, 'Table')},${table}`, { format: 'json', shape: 'table' }],
    [partial(protobuf, 'PartialObjectMetadata'), { format: 'protobuf', shape: 'partial' }],
    [partial('application/json', 'PartialObjectMetadataList'), { shape: 'partial', asList: true }],
    ['application/json;pretty=1', { format: 'json', pretty: true }],
    ['application/json;sv=v1', { format: 'json' }],
  ];
  for (const [accept, expected] of cases) t.match(chosen(accept), expected, accept ?? 'none');
  t.match(chosen(`${table},application/json`, {}), { shape: 'object' });
  t.match(chosen(`${protobuf},application/json`, { protobuf: false }), { format: 'json' });
  t.match(chosen('application/json;sv=v1', { serverVersion: true }), { shape: 'object' });
  t.match(chosen(undefined, {}, 'pretty=true'), { pretty: true });
  t.match(chosen(protobuf, {}, 'pretty=0'), { pretty: false, format: 'protobuf' });
  t.match(chosen(undefined, {}, 'pretty=yes'), { pretty: false });
});

t.test('what cannot be had is refused with what can', async (t) => {
  const all = `application/json, application/yaml, ${protobuf}`;
  const streams = `application/json;stream=watch, ${protobuf};stream=watch`;
  const refused: readonly [string, Offer, string][] = [
    ['image/png', whole, all],
    ['application/', whole, all],
    ['a/b/c', whole, all],
    [table, {}, all],
    [table, { serverVersion: true }, all],
    ['application/json;sv=v1', {}, all],
    ['application/json;as=Table', whole, all],
    ['application/json;sv=v2', whole, all],
    ['application/json;stream=rpc', whole, all],
    ['application/yaml;stream=watch', whole, all],
    [partial(protobuf, 'Table'), whole, all],
    [protobuf, { protobuf: false }, 'application/json, application/yaml'],
    ['application/yaml', { ...whole, stream: true }, streams],
    ['image/png', { ...whole, stream: true }, all],
  ];
  for (const [accept, offer, accepted] of refused) {
    const message = `only the following media types are accepted: ${accepted}`;
    t.throws(() => chosen(accept, offer), { message }, accept);
  }
});

t.test('aggregated discovery goes before everything else', async (t) => {
  const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  t.match(chosen(`application/json,${aggregated}`, { discovery: true }), { shape: 'discovery' });
  t.match(chosen('application/json', { discovery: true }), { shape: 'object' });
  t.match(chosen(`${aggregated},application/json`, {}), { shape: 'object' });
});
