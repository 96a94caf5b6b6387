// Which verbs a resource and its subresources have, and which of them each of their paths has.
import type { FoundResource } from '../registry/engine/resource-registry.ts';
import type { Resource, Verb } from '../registry/resource.ts';
import { httpMethodNotAllowed, resourceNotFound } from '../status.ts';
import type { Exchange } from './exchange.ts';
import type { RequestInfo } from './request-info.ts';
import { type SpecialSubresource, specialSubresources } from './special-subresources.ts';

/** In the order of discovery. */
const allVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];
const objectVerbs: readonly string[] = ['get', 'patch', 'update'];
const namedVerbs: readonly string[] = ['delete', 'get', 'patch', 'update'];
const collectionVerbs: readonly string[] = ['create', 'deletecollection', 'list', 'watch'];
/** Of a namespaced kind over all namespaces. */
const overallVerbs: readonly string[] = ['list', 'watch'];
const watchVerbs: readonly string[] = ['watch'];
const readingVerbs: readonly string[] = ['get', 'list', 'watch'];

/** Sorted, as discovery shows them. */
export function verbsOf(resource: Resource): readonly string[] {
  return resource.verbs === undefined ? allVerbs : [...resource.verbs].sort();
}

/** Sorted by name: those that are actions or streams, and the views of the stored object. */
export function subresourcesOf(found: FoundResource): readonly SpecialSubresource[] {
  const { resource, group, version } = found.served;
  const own = { kind: resource.kind, group, version: version.version };
  const subresources = [...specialSubresources(group, resource.plural)];
  if (resource.hasStatus === true) {
    subresources.push({ ...own, name: 'status', verbs: objectVerbs });
  }
  if (resource.scale !== undefined) {
    const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
    subresources.push({ ...scale, name: 'scale', verbs: objectVerbs });
  }
  for (const { name, verbs } of resource.subresources ?? []) {
    if (subresources.some((each) => each.name === name)) continue;
    subresources.push({ ...own, name, verbs: [...verbs].sort() });
  }
  return subresources.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Lets a request pass whose path has its verb.
 *
 * @throws StatusError 404 where no method has a route, 405 where only others have
 */
export function checkVerb({ request, info }: Exchange, found: FoundResource): void {
  const { verb, subresource } = info;
  const { resource } = found.served;
  const served =
    subresource === ''
      ? (resource.verbs ?? allVerbs)
      : (subresourcesOf(found).find((each) => each.name === subresource)?.verbs ?? []);
  const possible = pathVerbs(info, resource);
  const isPath = possible.some((each) => served.includes(each));
  // Proxies take every method, also those that are no verb.
  if (isPath && subresource === 'proxy') return;
  // HEAD reads, too, but has no route.
  const fits = !readingVerbs.includes(verb) || request.method === 'GET';
  if (fits && possible.includes(verb) && served.includes(verb)) return;
  throw isPath ? httpMethodNotAllowed() : resourceNotFound();
}

/** What a path of this form may have, whatever its resource serves. */
function pathVerbs(info: RequestInfo, { plural, namespaced }: Resource): readonly string[] {
  const { namespace, name, subresource, rawTail, verb } = info;
  // A namespace's own path names it twice.
  const own = plural === 'namespaces' && name === namespace;
  if (!namespaced && namespace !== '' && !own) return [];
  const isOverall = namespaced && namespace === '';
  if (subresource !== '') {
    const hasTail = rawTail !== '' && rawTail !== '/' && subresource !== 'proxy';
    return isOverall || hasTail ? [] : allVerbs;
  }
  if (info.legacyWatch) return watchVerbs;
  // The name of a list or a watch is that of its field selector, not of its path.
  if (name !== '' && !overallVerbs.includes(verb)) return isOverall ? [] : namedVerbs;
  return isOverall ? overallVerbs : collectionVerbs;
}
