// Lists the operations of served resources: paths, verbs and parameters, before any dialect.
import type { ServedResource } from '../../registry/engine/types.ts';
import type { Verb } from '../../registry/resource.ts';

/** Group, version and kind as x-kubernetes-group-version-kind states them. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A subresource that is no view of the stored object: log, exec, binding, eviction, token, … */
export interface SpecialSubresource {
  readonly name: string;
  readonly methods: readonly ('get' | 'post' | 'put' | 'delete' | 'patch')[];
  /** `connect` for streams and proxies, else what the method does (`get`, `post`). */
  readonly action: 'connect' | 'get' | 'post';
  readonly type: GroupVersionKind;
  /** Definition of body and answer; absent where both are bytes. */
  readonly schema?: string;
}

/** Which special subresources a served resource has. */
export type SpecialSubresources = (served: ServedResource) => readonly SpecialSubresource[];

export type BodyKind = 'object' | 'patch' | 'deleteOptions';

/** One method of one path. */
export interface Operation {
  readonly path: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly id: string;
  readonly description: string;
  readonly action: string;
  readonly type: GroupVersionKind;
  readonly body: BodyKind | undefined;
  /** Definition of the body when it is an object, and of the answer; absent: bytes. */
  readonly bodySchema: string | undefined;
  readonly answerSchema: string | undefined;
  readonly parameters: readonly string[];
  readonly answers: readonly (200 | 201 | 202)[];
  readonly tag: string;
}

const listParameters: readonly string[] = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
];
const writeParameters: readonly string[] = ['dryRun', 'fieldManager', 'fieldValidation'];
const deleteParameters: readonly string[] = [
  'dryRun',
  'gracePeriodSeconds',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'orphanDependents',
  'propagationPolicy',
];
const collectionParameters: readonly string[] = [
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  ...deleteParameters,
];
const allVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
];
const status = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';

/** `a Pod`, `an Event`, and plain `Endpoints`, which is a plural. */
function withArticle(kind: string): string {
  if (/[^s]s$/.test(kind)) return kind;
  return `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

/** What one verb is as an operation. */
interface Shape {
  readonly method: Operation['method'];
  readonly word: string;
  readonly action: string;
  readonly says: (kind: string) => string;
  readonly body?: BodyKind;
  readonly parameters: readonly string[];
  readonly answers: Operation['answers'];
}

const shapes: Readonly<Record<Exclude<Verb, 'watch'>, Shape>> = {
  list: {
    method: 'get',
    word: 'list',
    action: 'list',
    says: (kind) => `list or watch objects of kind ${kind}`,
    parameters: listParameters,
    answers: [200],
  },
  create: {
    method: 'post',
    word: 'create',
    action: 'post',
    says: (kind) => `create ${withArticle(kind)}`,
    body: 'object',
    parameters: writeParameters,
    answers: [200, 201, 202],
  },
  deletecollection: {
    method: 'delete',
    word: 'delete',
    action: 'deletecollection',
    says: (kind) => `delete collection of ${kind}`,
    body: 'deleteOptions',
    parameters: collectionParameters,
    answers: [200],
  },
  get: {
    method: 'get',
    word: 'read',
    action: 'get',
    says: (kind) => `read the specified ${kind}`,
    parameters: [],
    answers: [200],
  },
  update: {
    method: 'put',
    word: 'replace',
    action: 'put',
    says: (kind) => `replace the specified ${kind}`,
    body: 'object',
    parameters: writeParameters,
    answers: [200, 201],
  },
  patch: {
    method: 'patch',
    word: 'patch',
    action: 'patch',
    says: (kind) => `partially update the specified ${kind}`,
    body: 'patch',
    parameters: [...writeParameters, 'force'],
    answers: [200, 201],
  },
  delete: {
    method: 'delete',
    word: 'delete',
    action: 'delete',
    says: (kind) => `delete ${withArticle(kind)}`,
    body: 'deleteOptions',
    parameters: deleteParameters,
    answers: [200, 202],
  },
};

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

/** `/api/v1` or `/apis/apps/v1`. */
export function groupVersionPath(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** `rbac.authorization.k8s.io` is `rbacAuthorization` in operation ids, the core group `core`. */
function groupWords(group: string): readonly string[] {
  return group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split('.');
}

function describe(sub: SpecialSubresource, method: string, kind: string): string {
  if (sub.action === 'connect')
    return `connect ${method.toUpperCase()} requests to ${sub.name} of ${kind}`;
  return `${sub.action === 'get' ? 'read' : 'create'} ${sub.name} of a ${kind}`;
}

/** Everything that is common to the operations of one served resource. */
class ResourceOperations {
  readonly #served: ServedResource;
  readonly #type: GroupVersionKind;
  readonly #collection: string;
  readonly #idGroup: string;
  readonly #tag: string;
  readonly #scope: string;
  readonly #listSchema: string;

  constructor(served: ServedResource) {
    const { resource, group, version } = served;
    this.#served = served;
    this.#type = { group, version: version.version, kind: resource.kind };
    const base = groupVersionPath(group, version.version);
    const scope = resource.namespaced ? '/namespaces/{namespace}' : '';
    this.#collection = `${base}${scope}/${resource.plural}`;
    const [first = '', ...rest] = groupWords(group);
    const word = first + rest.map(capitalised).join('');
    this.#idGroup = capitalised(word) + capitalised(version.version);
    this.#tag = `${word}_${version.version}`;
    this.#scope = resource.namespaced ? 'Namespaced' : '';
    const listKind = resource.listKind ?? `${resource.kind}List`;
    this.#listSchema = version.schema.slice(0, version.schema.lastIndexOf('.') + 1) + listKind;
  }

  of(verb: Exclude<Verb, 'watch'>): Operation {
    const { resource, version } = this.#served;
    const shape = shapes[verb];
    const onCollection = ['list', 'create', 'deletecollection'].includes(verb);
    const returned = resource.returnsDeletedObject === true ? version.schema : status;
    const answers: Partial<Record<Verb, string>> = {
      list: this.#listSchema,
      delete: returned,
      deletecollection: status,
    };
    const middle = verb === 'deletecollection' ? 'Collection' : '';
    return {
      path: onCollection ? this.#collection : `${this.#collection}/{name}`,
      method: shape.method,
      id: `${shape.word}${this.#idGroup}${middle}${this.#scope}${resource.kind}`,
      description: shape.says(resource.kind),
      action: shape.action,
      type: this.#type,
      body: shape.body,
      bodySchema: shape.body === 'object' ? version.schema : undefined,
      answerSchema: answers[verb] ?? version.schema,
      parameters: shape.parameters,
      answers: shape.answers,
      tag: this.#tag,
    };
  }

  allNamespaces(): Operation {
    const { resource } = this.#served;
    return {
      ...this.of('list'),
      path: `${groupVersionPath(this.#type.group, this.#type.version)}/${resource.plural}`,
      id: `list${this.#idGroup}${resource.kind}ForAllNamespaces`,
    };
  }

  /** A view of the stored object (`status`), or of another type (`scale`). */
  view(name: string, verb: 'get' | 'update' | 'patch', scale: boolean): Operation {
    const plain = this.of(verb);
    const { kind } = this.#served.resource;
    const schema = scale ? 'io.k8s.api.autoscaling.v1.Scale' : this.#served.version.schema;
    return {
      ...plain,
      path: `${plain.path}/${name}`,
      id: plain.id + capitalised(name),
      description: plain.description.replace('the specified', `${name} of the specified`),
      type: scale
        ? { group: 'autoscaling', version: 'v1', kind: 'Scale' }
        : { ...plain.type, kind },
      bodySchema: plain.body === 'object' ? schema : undefined,
      answerSchema: schema,
    };
  }

  special(sub: SpecialSubresource, method: SpecialSubresource['methods'][number]): Operation {
    const { kind } = this.#served.resource;
    const posts = sub.action === 'post';
    const start =
      sub.action === 'connect'
        ? `connect${this.#idGroup}${capitalised(method)}`
        : `${posts ? 'create' : 'read'}${this.#idGroup}`;
    return {
      path: `${this.#collection}/{name}/${sub.name}`,
      method,
      id: `${start}${this.#scope}${kind}${capitalised(sub.name)}`,
      description: describe(sub, method, kind),
      action: sub.action,
      type: sub.type,
      body: posts ? 'object' : undefined,
      bodySchema: posts ? sub.schema : undefined,
      answerSchema: sub.schema,
      parameters: posts ? writeParameters : [],
      answers: posts ? [200, 201, 202] : [200],
      tag: this.#tag,
    };
  }
}

/** Every operation of one served resource. */
export function operationsOf(
  served: ServedResource,
  specials: SpecialSubresources,
): readonly Operation[] {
  const { resource } = served;
  const operations = new ResourceOperations(served);
  const verbs = resource.verbs ?? allVerbs;
  const result: Operation[] = [];
  for (const verb of verbs) if (verb !== 'watch') result.push(operations.of(verb));
  if (resource.namespaced && verbs.some((verb) => verb === 'list')) {
    result.push(operations.allNamespaces());
  }
  const doors = ['get', 'update', 'patch'] as const;
  if (resource.hasStatus === true) {
    for (const verb of doors) result.push(operations.view('status', verb, false));
  }
  if (resource.scale !== undefined) {
    for (const verb of doors) result.push(operations.view('scale', verb, true));
  }
  for (const sub of resource.subresources ?? []) {
    if (sub.name === 'status' && resource.hasStatus === true) continue;
    for (const verb of sub.verbs) result.push(operations.view(sub.name, verb, false));
  }
  for (const sub of specials(served)) {
    for (const method of sub.methods) result.push(operations.special(sub, method));
  }
  return result;
}
