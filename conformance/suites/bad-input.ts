// What is wrong is refused with Kubernetes' own code, reason and words, and changes nothing.
import { type ApiAnswer, type ApiRequest, statusOf } from '../api.ts';
import { openWorkbench, type Suite } from '../workbench.ts';

interface BadRequest extends ApiRequest {
  readonly what: string;
  readonly method?: string;
  readonly path: string;
  readonly code: number;
  readonly reason: string;
  readonly message: RegExp;
}

const tooLong = 'a'.repeat(254);
const big = JSON.stringify({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'big' },
  data: { x: 'x'.repeat(3.2 * 1024 * 1024) },
});

function badBodies(configMaps: string, pods: string): BadRequest[] {
  const create = { method: 'POST', path: configMaps };
  const named = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bad' } };
  return [
    {
      ...create,
      what: 'malformed JSON',
      body: '{"apiVersion":"v1","kind":"ConfigMap",',
      code: 400,
      reason: 'BadRequest',
      message: /unable to (decode|parse)|couldn't get version\/kind; json parse error/,
    },
    {
      ...create,
      what: 'malformed YAML',
      contentType: 'application/yaml',
      body: 'kind: ConfigMap\n  bad: : indent',
      code: 400,
      reason: 'BadRequest',
      message: /yaml|json/i,
    },
    {
      ...create,
      what: 'a field of the wrong type',
      body: { ...named, data: ['no', 'map'] },
      code: 400,
      reason: 'BadRequest',
      message:
        /cannot unmarshal array into Go struct field ConfigMap\.data of type map\[string\]string/,
    },
    {
      ...create,
      what: 'another kind',
      body: { ...named, kind: 'Secret' },
      code: 400,
      reason: 'BadRequest',
      message: /Secret in version "v1" cannot be handled as a ConfigMap/,
    },
    {
      ...create,
      what: 'an unknown kind',
      body: { ...named, kind: 'ConfigMop' },
      code: 400,
      reason: 'BadRequest',
      message: /no kind "ConfigMop" is registered for version "v1"/,
    },
    {
      ...create,
      what: 'a body over 3 MiB',
      body: big,
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: /Request entity too large: limit is 3145728/,
    },
    {
      ...create,
      what: 'an invalid name',
      body: { ...named, metadata: { name: 'Not_A_Name' } },
      code: 422,
      reason: 'Invalid',
      message:
        /ConfigMap "Not_A_Name" is invalid: metadata.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain must consist of/,
    },
    {
      ...create,
      what: 'a name that is too long',
      body: { ...named, metadata: { name: tooLong } },
      code: 422,
      reason: 'Invalid',
      message: /must be no more than 253 (characters|bytes)/,
    },
    {
      ...create,
      what: 'no name',
      body: { ...named, metadata: {} },
      code: 422,
      reason: 'Invalid',
      message: /name or generateName is required/,
    },
    {
      ...create,
      what: 'another namespace than the path says',
      body: { ...named, metadata: { name: 'bad', namespace: 'elsewhere' } },
      code: 400,
      reason: 'BadRequest',
      message:
        /the namespace of the provided object does not match the namespace sent on the request/,
    },
    {
      ...create,
      what: 'an unknown media type',
      contentType: 'text/plain',
      body: 'hello',
      code: 415,
      reason: 'UnsupportedMediaType',
      message: /the body of the request was in an unknown format - accepted media types include/,
    },
    {
      ...create,
      path: `${configMaps}?fieldValidation=Strict`,
      what: 'an unknown field under strict validation',
      body: { ...named, dota: {} },
      code: 400,
      reason: 'BadRequest',
      message: /strict decoding error: unknown field "dota"/,
    },
    {
      method: 'POST',
      path: pods,
      what: 'a pod without containers',
      body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bad' }, spec: {} },
      code: 422,
      reason: 'Invalid',
      message: /Pod "bad" is invalid: spec.containers: Required value/,
    },
    {
      method: 'POST',
      path: pods,
      what: 'a subPath that leaves its volume',
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'bad' },
        spec: {
          containers: [
            {
              name: 'c',
              image: 'busybox',
              volumeMounts: [{ name: 'v', mountPath: '/v', subPath: '../../etc' }],
            },
          ],
          volumes: [{ name: 'v', emptyDir: {} }],
        },
      },
      code: 422,
      reason: 'Invalid',
      message:
        /spec.containers\[0\].volumeMounts.subPath: Invalid value: "..\/..\/etc": must not contain '..'/,
    },
  ];
}

function badQueries(configMaps: string): BadRequest[] {
  return [
    {
      what: 'a bad label selector',
      path: `${configMaps}?labelSelector=a%3D%3D%3Db`,
      code: 400,
      reason: 'BadRequest',
      message: /unable to parse requirement|found '='/,
    },
    {
      what: 'a field selector with an unknown field',
      path: `${configMaps}?fieldSelector=data.x%3D1`,
      code: 400,
      reason: 'BadRequest',
      message: /field label not supported: data.x|"data.x" is not a known field selector/,
    },
    {
      what: 'a malformed continue token',
      path: `${configMaps}?limit=1&continue=nonsense`,
      code: 400,
      reason: 'BadRequest',
      message: /continue key is not valid/,
    },
    {
      what: 'a resourceVersion that is no number',
      path: `${configMaps}?resourceVersion=old`,
      code: 400,
      reason: 'BadRequest',
      message: /resource version|resourceVersion/,
    },
    {
      what: 'resourceVersionMatch without a resourceVersion',
      path: `${configMaps}?resourceVersionMatch=Exact`,
      code: 422,
      reason: 'Invalid',
      message: /resourceVersionMatch is forbidden unless resourceVersion is provided/,
    },
    {
      what: 'a limit that is no number',
      path: `${configMaps}?limit=many`,
      code: 400,
      reason: 'BadRequest',
      message: /invalid syntax/,
    },
    {
      what: 'a resource that is not there',
      path: '/api/v1/thingamajigs',
      code: 404,
      reason: 'NotFound',
      message: /the server could not find the requested resource/,
    },
    {
      what: 'a group that is not there',
      path: '/apis/no.such.group/v1/things',
      code: 404,
      reason: 'NotFound',
      message: /the server could not find the requested resource|404 page not found/,
    },
    {
      what: 'a verb that the resource has not',
      method: 'PUT',
      path: configMaps,
      body: {},
      code: 405,
      reason: 'MethodNotAllowed',
      message: /the server does not allow this method on the requested resource/,
    },
  ];
}

function badWrites(configMap: string, uid: string): BadRequest[] {
  const patch = { method: 'PATCH', path: configMap };
  const stale = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kept', resourceVersion: '1' },
    data: { changed: 'yes' },
  };
  return [
    {
      method: 'PUT',
      path: configMap,
      what: 'a stale resourceVersion',
      body: stale,
      code: 409,
      reason: 'Conflict',
      message:
        /Operation cannot be fulfilled on configmaps "kept": the object has been modified; please apply your changes to the latest version and try again/,
    },
    {
      method: 'PUT',
      path: configMap,
      what: 'another name than the path says',
      body: { ...stale, metadata: { name: 'other' } },
      code: 400,
      reason: 'BadRequest',
      message: /the name of the object \(other\) does not match the name on the URL \(kept\)/,
    },
    {
      ...patch,
      what: 'a JSON patch that is no list',
      contentType: 'application/json-patch+json',
      body: '{"op":"add"}',
      code: 400,
      reason: 'BadRequest',
      message: /cannot unmarshal object into Go value|error decoding patch/,
    },
    {
      ...patch,
      what: 'a JSON patch whose test fails',
      contentType: 'application/json-patch+json',
      body: [{ op: 'test', path: '/data/a', value: 'other' }],
      code: 422,
      reason: 'Invalid',
      message:
        /the server rejected our request due to an error in our request|testing value \/data\/a failed/,
    },
    {
      ...patch,
      what: 'a merge patch that is malformed',
      contentType: 'application/merge-patch+json',
      body: '{"data":',
      code: 400,
      reason: 'BadRequest',
      message: /error decoding patch|unexpected end of JSON input|EOF/,
    },
    {
      ...patch,
      what: 'a patch of an unknown type',
      contentType: 'application/wonder-patch+json',
      body: '{}',
      code: 415,
      reason: 'UnsupportedMediaType',
      message:
        /accepted media types include: application\/json-patch\+json, application\/merge-patch\+json/,
    },
    {
      ...patch,
      what: 'an apply without a field manager',
      contentType: 'application/apply-patch+yaml',
      body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"kept"}}',
      code: 422,
      reason: 'Invalid',
      message: /fieldManager: Required value: is required for apply patch/,
    },
    {
      method: 'DELETE',
      path: configMap,
      what: 'a delete whose precondition fails',
      body: { preconditions: { uid: `${uid.slice(0, -4)}0000` } },
      code: 409,
      reason: 'Conflict',
      message: /the UID in the precondition \(.*\) does not match the UID in record/,
    },
    {
      method: 'DELETE',
      path: configMap,
      what: 'a delete with an unknown propagation',
      body: { propagationPolicy: 'Sideways' },
      code: 422,
      reason: 'Invalid',
      message: /propagationPolicy: Unsupported value: "Sideways"/,
    },
  ];
}

export const badInput: Suite = {
  name: 'bad-input',
  async run(t, cluster) {
    const bench = await openWorkbench(t, cluster);
    const { api, core } = bench;
    const kept = await api.ok('POST', core('configmaps'), {
      body: { metadata: { name: 'kept' }, data: { a: '1' } },
    });
    const check = async (bad: BadRequest) => {
      const answer: ApiAnswer = await api.request(bad.method ?? 'GET', bad.path, bad);
      t.equal(answer.status, bad.code, `${bad.what}: ${answer.text.slice(0, 300)}`);
      if (!answer.text.startsWith('{')) {
        t.match(answer.text, bad.message, bad.what);
        return;
      }
      const status = statusOf(answer);
      t.equal(status.reason, bad.reason, `${bad.what}: reason`);
      t.match(status.message, bad.message, `${bad.what}: message`);
      t.equal(status.code, bad.code, `${bad.what}: the code in the Status`);
    };
    const uid = kept.metadata.uid ?? '';
    for (const bad of badBodies(core('configmaps'), core('pods'))) await check(bad);
    for (const bad of badQueries(core('configmaps'))) await check(bad);
    for (const bad of badWrites(core('configmaps/kept'), uid)) await check(bad);
    const after = await api.ok('GET', core('configmaps/kept'));
    t.strictSame(after, kept, 'nothing of it changed anything');
    const { items = [] } = await api.ok('GET', core('configmaps'));
    const names = items.map((item) => item.metadata.name).filter((name) => name !== 'kept');
    t.strictSame(names, ['kube-root-ca.crt'], 'nothing of it made anything');

    const { stderr, code } = await bench.kubectl.run(['apply', '-f', '-'], {
      input: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: typo\ndota: {}\n',
    });
    t.equal(code, 1);
    t.match(stderr, /unknown field "dota"/, 'kubectl says which field is unknown');
  },
};
