// The operations that belong to no resource: discovery of versions, groups and resources, keys.
import type { ServedResource } from '../../registry/engine/types.ts';
import { groupNames, groupVersionPath, type Operation, objectTypes } from './operations.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** A `GET` that takes nothing. */
function plain(
  path: string,
  id: string,
  tag: string,
  description: string,
  rest: Partial<Operation> = {},
): Operation {
  return {
    path,
    method: 'get',
    id,
    description,
    answers: [200],
    produces: objectTypes,
    tag,
    ...rest,
  };
}

function discovery(path: string, id: string, tag: string, description: string, answer: string) {
  const rest = { answerSchema: `${meta}.${answer}`, consumes: objectTypes };
  return plain(path, id, tag, description, rest);
}

const availableVersions = 'get available API versions';
const openIdConfiguration =
  "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'";
const openIdKeys =
  'get service account issuer OpenID JSON Web Key Set (contains public token verification keys)';

/** Those of every server, by the path under which v3 serves their document. */
const always: readonly (readonly [document: string, operation: Operation])[] = [
  ['api', discovery('/api/', 'getCoreAPIVersions', 'core', availableVersions, 'APIVersions')],
  ['apis', discovery('/apis/', 'getAPIVersions', 'apis', availableVersions, 'APIGroupList')],
  [
    '.well-known/openid-configuration',
    plain(
      '/.well-known/openid-configuration/',
      'getServiceAccountIssuerOpenIDConfiguration',
      'WellKnown',
      openIdConfiguration,
      { produces: ['application/json'] },
    ),
  ],
  [
    'openid/v1/jwks',
    plain('/openid/v1/jwks/', 'getServiceAccountIssuerOpenIDKeyset', 'openid', openIdKeys, {
      produces: ['application/jwk-set+json'],
    }),
  ],
  [
    'version',
    plain('/version/', 'getCodeVersion', 'version', 'get the version information for this server', {
      answerSchema: 'io.k8s.apimachinery.pkg.version.Info',
      consumes: ['application/json'],
      produces: ['application/json'],
    }),
  ],
];

/** Operations without a resource, by the path of their v3 document (`apis/apps`, `version`). */
export function rootOperations(
  served: readonly ServedResource[],
): ReadonlyMap<string, readonly Operation[]> {
  const result = new Map<string, Operation[]>();
  const add = (document: string, operation: Operation) => {
    const known = result.get(document);
    if (known === undefined) result.set(document, [operation]);
    else if (!known.some(({ id }) => id === operation.id)) known.push(operation);
  };
  for (const [document, operation] of always) add(document, operation);
  for (const { group, version } of served) {
    const { id, tag } = groupNames(group);
    const path = groupVersionPath(group, version.version);
    if (group !== '') {
      const about = 'get information of a group';
      add(
        `apis/${group}`,
        discovery(`/apis/${group}/`, `get${id}APIGroup`, tag, about, 'APIGroup'),
      );
    }
    const words = version.version.slice(0, 1).toUpperCase() + version.version.slice(1);
    const resources = `get${id}${words}APIResources`;
    const about = 'get available resources';
    const versionTag = `${tag}_${version.version}`;
    add(path.slice(1), discovery(`${path}/`, resources, versionTag, about, 'APIResourceList'));
  }
  return result;
}
