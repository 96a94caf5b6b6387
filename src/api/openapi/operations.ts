// Lists the operations of served resources: paths, verbs and parameters, before any dialect.
import type { ServedResource } from '../../registry/engine/types.ts';
import type { Verb } from '../../registry/resource.ts';
import type { ParameterSet } from './parameters.ts';

/** Group, version and kind as x-kubernetes-group-version-kind states them. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head' | 'options';

/** A subresource that is no view of the stored object: log, exec, binding, eviction, token, … */
export interface SpecialSubresource {
  readonly name: string;
  readonly methods: readonly Method[];
  /** `connect` for streams and proxies, else what the method does (`get`, `post`). */
  readonly action: 'connect' | 'get' | 'post';
  readonly type: GroupVersionKind;
  /** Definition of body and answer; absent where both are bytes. */
  readonly schema?: string;
  readonly parameters: ParameterSet;
  /** Is served below `<name>/` as well: a proxy. */
  readonly withPath?: boolean;
}

/** Which special subresources a served resource has. */
export type SpecialSubresources = (served: ServedResource) => readonly SpecialSubresource[];

export type BodyKind = 'object' | 'patch' | 'deleteOptions';

/** One method of one path. */
export interface Operation {
  readonly path: string;
  readonly method: Method;
  readonly id: string;
  readonly description: string;
  /** Absent where no resource is meant: discovery, version, … */
  readonly action?: string;
  readonly type?: GroupVersionKind;
  readonly body?: BodyKind | undefined;
  /** Definition of the body when it is an object. */
  readonly bodySchema?: string | undefined;
  /** Definition of the answer; absent: text or bytes. */
  readonly answerSchema?: string | undefined;
  readonly parameters?: ParameterSet;
  readonly answers: readonly (200 | 201 | 202)[];
  readonly consumes?: readonly string[];
  readonly produces: readonly string[];
  readonly tag: string;
}

export const objectTypes: readonly string[] = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
];
const watchableTypes: readonly string[] = [
  ...objectTypes,
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
];
const patchTypes: readonly string[] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const anyType: readonly string[] = ['*/*'];
const allVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
];
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

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
  readonly parameters: ParameterSet;
  readonly answers: Operation['answers'];
}

const shapes: Readonly<Record<Exclude<Verb, 'watch'>, Shape>> = {
  list: {
    method: 'get',
    word: 'list',
    action: 'list',
    says: (kind) => `list or watch objects of kind ${kind}`,
    parameters: 'list',
    answers: [200],
  },
  create: {
    method: 'post',
    word: 'create',
    action: 'post',
    says: (kind) => `create ${withArticle(kind)}`,
    body: 'object',
    parameters: 'write',
    answers: [200, 201, 202],
  },
  deletecollection: {
    method: 'delete',
    word: 'delete',
    action: 'deletecollection',
    says: (kind) => `delete collection of ${kind}`,
    body: 'deleteOptions',
    parameters: 'deletecollection',
    answers: [200],
  },
  get: {
    method: 'get',
    word: 'read',
    action: 'get',
    says: (kind) => `read the specified ${kind}`,
    parameters: 'read',
    answers: [200],
  },
  update: {
    method: 'put',
    word: 'replace',
    action: 'put',
    says: (kind) => `replace the specified ${kind}`,
    body: 'object',
    parameters: 'write',
    answers: [200, 201],
  },
  patch: {
    method: 'patch',
    word: 'patch',
    action: 'patch',
    says: (kind) => `partially update the specified ${kind}`,
    body: 'patch',
    parameters: 'patch',
    answers: [200, 201],
  },
  delete: {
    method: 'delete',
    word: 'delete',
    action: 'delete',
    says: (kind) => `delete ${withArticle(kind)}`,
    body: 'deleteOptions',
    parameters: 'delete',
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

/** The id part and the tag of a group: `RbacAuthorization`, `rbacAuthorization`. */
export function groupNames(group: string): { readonly id: string; readonly tag: string } {
  const [first = '', ...rest] = groupWords(group);
  const tag = first + rest.map(capitalised).join('');
  return { id: capitalised(tag), tag };
}

/** `rbac.authorization.k8s.io` is `rbacAuthorization` in operation ids, the core group `core`. */
function groupWords(group: string): readonly string[] {
  return group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split('.');
}

function describe(sub: SpecialSubresource, method: string, kind: string): string {
  if (sub.action === 'connect')
    return `connect ${method.toUpperCase()} requests to ${sub.name} of ${kind}`;
  return sub.action === 'get'
    ? `read ${sub.name} of the specified ${kind}`
    : `create ${sub.name} of ${withArticle(kind)}`;
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
    const { id, tag } = groupNames(group);
    this.#idGroup = id + capitalised(version.version);
    this.#tag = `${tag}_${version.version}`;
    this.#scope = resource.namespaced ? 'Namespaced' : '';
    const listKind = resource.listKind ?? `${resource.kind}List`;
    this.#listSchema = version.schema.slice(0, version.schema.lastIndexOf('.') + 1) + listKind;
  }

  of(verb: Exclude<Verb, 'watch'>): Operation {
    const { resource, version } = this.#served;
    const shape = shapes[verb];
    const onCollection = ['list', 'create', 'deletecollection'].includes(verb);
    const returned = resource.returnsDeletedObject === true ? version.schema : `${meta}.Status`;
    const answers: Partial<Record<Verb, string>> = {
      list: this.#listSchema,
      delete: returned,
      deletecollection: `${meta}.Status`,
    };
    const middle = verb === 'deletecollection' ? 'Collection' : '';
    const watchable = (resource.verbs ?? ['watch']).includes('watch');
    const description = shape.says(resource.kind);
    return {
      path: onCollection ? this.#collection : `${this.#collection}/{name}`,
      method: shape.method,
      id: `${shape.word}${this.#idGroup}${middle}${this.#scope}${resource.kind}`,
      description: watchable ? description : description.replace('list or watch', 'list'),
      action: shape.action,
      type: this.#type,
      body: shape.body,
      bodySchema: shape.body === 'object' ? version.schema : undefined,
      answerSchema: answers[verb] ?? version.schema,
      parameters: shape.parameters,
      answers: shape.answers,
      consumes: verb === 'patch' ? patchTypes : anyType,
      produces: verb === 'list' ? watchableTypes : objectTypes,
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
    const schema = scale ? 'io.k8s.api.autoscaling.v1.Scale' : this.#served.version.schema;
    return {
      ...plain,
      path: `${plain.path}/${name}`,
      id: plain.id + capitalised(name),
      description: plain.description.replace('the specified', `${name} of the specified`),
      type: scale ? { group: 'autoscaling', version: 'v1', kind: 'Scale' } : this.#type,
      bodySchema: plain.body === 'object' ? schema : undefined,
      answerSchema: schema,
    };
  }

  /** The deprecated `/watch/` path of the collection, of all namespaces or of one object. */
  watch(what: 'list' | 'listForAllNamespaces' | 'object'): Operation {
    const { kind, plural } = this.#served.resource;
    const base = groupVersionPath(this.#type.group, this.#type.version);
    const scoped = what === 'listForAllNamespaces' ? `${base}/${plural}` : this.#collection;
    const ends = { list: 'List', listForAllNamespaces: 'ListForAllNamespaces', object: '' };
    const scope = what === 'listForAllNamespaces' ? '' : this.#scope;
    const instead = "deprecated: use the 'watch' parameter with a list operation instead";
    return {
      path: `${base}/watch${scoped.slice(base.length)}${what === 'object' ? '/{name}' : ''}`,
      method: 'get',
      id: `watch${this.#idGroup}${scope}${kind}${ends[what]}`,
      description:
        what === 'object'
          ? `watch changes to an object of kind ${kind}. ${instead}, filtered to a single item ` +
            "with the 'fieldSelector' parameter."
          : `watch individual changes to a list of ${kind}. ${instead}.`,
      action: what === 'object' ? 'watch' : 'watchlist',
      type: this.#type,
      answerSchema: `${meta}.WatchEvent`,
      parameters: 'list',
      answers: [200],
      consumes: anyType,
      produces: watchableTypes,
      tag: this.#tag,
    };
  }

  special(sub: SpecialSubresource, method: Method, below = false): Operation {
    const { kind } = this.#served.resource;
    const posts = sub.action === 'post';
    const start =
      sub.action === 'connect'
        ? `connect${this.#idGroup}${capitalised(method)}`
        : `${posts ? 'create' : 'read'}${this.#idGroup}`;
    const end = below ? 'WithPath' : '';
    return {
      path: `${this.#collection}/{name}/${sub.name}${below ? '/{path}' : ''}`,
      method,
      id: `${start}${this.#scope}${kind}${capitalised(sub.name)}${end}`,
      description: describe(sub, method, kind),
      action: sub.action,
      type: sub.type,
      body: posts ? 'object' : undefined,
      bodySchema: posts ? sub.schema : undefined,
      answerSchema: sub.schema,
      parameters: sub.parameters,
      answers: posts ? [200, 201, 202] : [200],
      consumes: anyType,
      produces:
        sub.action === 'connect'
          ? anyType
          : sub.action === 'get'
            ? ['text/plain', ...objectTypes]
            : objectTypes,
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
  if (resource.virtual !== true && (resource.verbs ?? ['watch']).includes('watch')) {
    result.push(operations.watch('list'), operations.watch('object'));
    if (resource.namespaced) result.push(operations.watch('listForAllNamespaces'));
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
    for (const method of sub.methods) {
      result.push(operations.special(sub, method));
      if (sub.withPath === true) result.push(operations.special(sub, method, true));
    }
  }
  return result;
}
