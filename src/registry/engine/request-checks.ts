// Whether a body belongs to its URL: type meta, name and namespace, in upstream's words.
import { badRequest } from '../../status.ts';
import type { ApiObject, HookContext } from '../resource.ts';
import type { StoreParts } from './ports.ts';
import type { RequestContext } from './types.ts';

/** `apps/v1`, or `v1` in the core group. */
export function groupVersion(context: RequestContext): string {
  const { group, version } = context.served;
  return group === '' ? version.version : `${group}/${version.version}`;
}

/** Refuses a body of another group-version or kind; fills both in where they are missing. */
export function checkTypeMeta(context: RequestContext, object: ApiObject): void {
  const expected = groupVersion(context);
  const { kind } = context.served.resource;
  const given = object.apiVersion ?? '';
  if (given !== '' && given !== expected) {
    throw badRequest(
      `the API version in the data (${given}) does not match the expected API version ` +
        `(${expected})`,
    );
  }
  if ((object.kind ?? '') !== '' && object.kind !== kind) {
    const what = `${object.kind} in version ${JSON.stringify(context.served.version.version)}`;
    throw badRequest(
      `${what} cannot be handled as a ${kind}: converting (${object.kind}) to (${kind}): ` +
        'unknown conversion',
    );
  }
  object.apiVersion = expected;
  object.kind = kind;
}

/** Fills in the URL's namespace; a body that names another one is refused. */
export function checkNamespace(context: RequestContext, object: ApiObject): void {
  const given = object.metadata.namespace ?? '';
  const { namespace } = context;
  if (given !== '' && given !== namespace && context.served.resource.namespaced) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  if (given === '' && namespace !== '') object.metadata.namespace = namespace;
}

/** A body's name must be the URL's. */
export function checkName(context: RequestContext, object: ApiObject): void {
  const given = object.metadata.name ?? '';
  if (given === '') {
    throw badRequest(
      `the name of the object (${context.name} based on URL) was undeterminable: ` +
        'name must be provided',
    );
  }
  if (given !== context.name) {
    throw badRequest(
      `the name of the object (${given}) does not match the name on the URL (${context.name})`,
    );
  }
}

/** Owners with the same UID become one, the first one given. */
export function dedupeOwners(context: RequestContext, object: ApiObject): void {
  const owners = object.metadata.ownerReferences;
  if (owners === undefined || owners.length < 2) return;
  const seen = new Set<string>();
  const repeated = new Set<string>();
  const kept = owners.filter((owner) => {
    if (!seen.has(owner.uid)) return Boolean(seen.add(owner.uid));
    repeated.add(owner.uid);
    return false;
  });
  if (repeated.size === 0) return;
  object.metadata.ownerReferences = kept;
  context.warn(
    '.metadata.ownerReferences contains duplicate entries; API server dedups owner references ' +
      'in 1.20+, and may reject such requests as early as 1.24; please fix your requests; ' +
      `duplicate UID(s) observed: ${[...repeated].join(', ')}`,
  );
}

export function hookContext(parts: StoreParts, context: RequestContext): HookContext {
  return {
    clock: parts.clock,
    random: parts.random,
    user: context.user,
    dryRun: context.dryRun,
    subresource: context.subresource,
    group: context.served.group,
    warn: (message) => context.warn(message),
  };
}

/** How errors name the resource. */
export function resourceName(context: RequestContext): { group: string; resource: string } {
  return { group: context.served.group, resource: context.served.resource.plural };
}

/** How validation errors name the kind. */
export function kindName(context: RequestContext): { group: string; kind: string } {
  // Events have two groups; what they are stored in names the kind.
  const { groups, kind } = context.served.resource;
  return { group: groups[0]?.group ?? context.served.group, kind };
}
