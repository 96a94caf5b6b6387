// The protobuf form of OpenAPI v2, read back by its field numbers.
import protobuf from 'protobufjs/light.js';
import t from 'tap';
import { testApi } from '../api.fixture.ts';
import { encodeOpenApiV2 } from './protobuf.ts';

const field = (name: string, id: number, type: string, rule?: string) =>
  new protobuf.Field(name, id, type, rule);
const root = new protobuf.Root();
const type = (name: string, ...fields: protobuf.Field[]) => {
  const made = new protobuf.Type(name);
  for (const each of fields) made.add(each);
  root.add(made);
  return made;
};
type('Any', field('yaml', 2, 'string'));
type('NamedAny', field('name', 1, 'string'), field('value', 2, 'Any'));
type('TypeItem', field('value', 1, 'string', 'repeated'));
type('NamedSchema', field('name', 1, 'string'), field('value', 2, 'Schema'));
type('Properties', field('all', 1, 'NamedSchema', 'repeated'));
type(
  'Schema',
  field('ref', 1, 'string'),
  field('required', 19, 'string', 'repeated'),
  field('type', 22, 'TypeItem'),
  field('properties', 25, 'Properties'),
  field('extensions', 31, 'NamedAny', 'repeated'),
);
const document = type(
  'Document',
  field('swagger', 1, 'string'),
  field('definitions', 9, 'Properties'),
);

t.test('schemas keep names, types and extensions', async (t) => {
  const { api, call } = await testApi();
  t.teardown(() => api.close());
  const json = await call('GET', '/openapi/v2');
  const decoded = document.toObject(document.decode(encodeOpenApiV2(JSON.stringify(json.body))));
  t.equal(decoded.swagger, '2.0');
  const all: { name: string; value: Record<string, unknown> }[] = decoded.definitions.all;
  t.equal(all.length, Object.keys(json.body.definitions ?? {}).length);
  const pod = all.find((each) => each.name === 'io.k8s.api.core.v1.Pod');
  t.match(pod?.value, {
    type: { value: ['object'] },
    extensions: [{ name: 'x-kubernetes-group-version-kind' }],
  });
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
  const asked = await call('GET', '/openapi/v2', undefined, { accept });
  t.match(asked.headers['content-type'], /proto-openapi\.spec\.v2\.v1\.0\+protobuf$/);
  t.not(asked.headers.etag, json.headers.etag);
  const { etag } = asked.headers;
  const again = { accept, 'if-none-match': String(etag) };
  t.equal((await call('GET', '/openapi/v2', undefined, again)).status, 304);
});
