// Makes and repairs the mandatory and suggested flow schemas and priority levels, as upstream's ensurer.

import { copyJson, sameJson } from '../../registry/engine/json.ts';
import type { FoundResource, ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { RequestContext } from '../../registry/engine/types.ts';
import {
  mandatoryLevels,
  mandatorySchemas,
  suggestedLevels,
  suggestedSchemas,
} from '../../registry/flowcontrol/bootstrap.ts';
import { autoUpdateAnnotation, flowControlGroup } from '../../registry/flowcontrol/types.ts';
import type { ApiObject } from '../../registry/resource.ts';
import { isReason } from '../../status.ts';
import { serverContext } from '../server-context.ts';

const fieldManager = 'api-priority-and-fairness-config-producer-v1';

interface Wanted {
  readonly object: ApiObject;
  /** Nobody but the server may change its spec. */
  readonly mandatory: boolean;
}

/**
 * Suggested objects are brought back to what is suggested unless their annotation
 * `apf.kubernetes.io/autoupdate-spec` says `false`; mandatory ones always; what carries the
 * annotation and is suggested no more is deleted.
 */
export async function ensureFlowControl(registry: ResourceRegistry): Promise<void> {
  await ensureKind(registry, 'prioritylevelconfigurations', [
    ...suggestedLevels.map((each) => ({ object: each as ApiObject, mandatory: false })),
    ...mandatoryLevels.map((each) => ({ object: each as ApiObject, mandatory: true })),
  ]);
  await ensureKind(registry, 'flowschemas', [
    ...suggestedSchemas.map((each) => ({ object: each as ApiObject, mandatory: false })),
    ...mandatorySchemas.map((each) => ({ object: each as ApiObject, mandatory: true })),
  ]);
}

async function ensureKind(
  registry: ResourceRegistry,
  plural: string,
  wanted: readonly Wanted[],
): Promise<void> {
  const found = registry.find(flowControlGroup, 'v1', plural);
  if (found === undefined) return;
  await Promise.all(wanted.map((each) => ensure(found, each)));
  await removeObsolete(found, new Set(wanted.map(({ object }) => object.metadata.name)));
}

function contextOf(found: FoundResource, name: string): RequestContext {
  return { ...serverContext(found, '', name), fieldManager };
}

async function ensure(found: FoundResource, { object, mandatory }: Wanted): Promise<void> {
  const { store } = found;
  const context = contextOf(found, object.metadata.name ?? '');
  const stored = store.cache.get(store.key('', context.name));
  try {
    if (stored === undefined) {
      await store.create(context, copyJson(object));
      return;
    }
    const next = revised(store.present(context, stored), object, mandatory);
    if (next !== undefined) await store.update(context, next);
  } catch (error) {
    // Another server, or an operator, was quicker; the next round looks again.
    if (!isReason(error, 'AlreadyExists') && !isReason(error, 'Conflict')) throw error;
  }
}

/** What to write over `current`; undefined when it is as it should be. */
function revised(current: ApiObject, wanted: ApiObject, mandatory: boolean): ApiObject | undefined {
  const updates = mandatory || mayUpdateSpec(current);
  const annotated = readBool(current.metadata.annotations?.[autoUpdateAnnotation]) === updates;
  const spec = updates ? wantedSpec(current, wanted) : current.spec;
  if (annotated && sameJson(spec, current.spec)) return undefined;
  const annotations = {
    ...current.metadata.annotations,
    ...(annotated ? {} : { [autoUpdateAnnotation]: String(updates) }),
  };
  return { ...current, spec: copyJson(spec), metadata: { ...current.metadata, annotations } };
}

/** The exempt level's shares are the operator's, its type is not. */
function wantedSpec(current: ApiObject, wanted: ApiObject): unknown {
  const exempt = (current.spec as { exempt?: object } | undefined)?.exempt;
  if (wanted.kind !== 'PriorityLevelConfiguration' || wanted.metadata.name !== 'exempt') {
    return wanted.spec;
  }
  return exempt === undefined ? wanted.spec : { ...(wanted.spec as object), exempt };
}

/** Without a clear annotation: as long as nobody has changed the spec. */
function mayUpdateSpec({ metadata }: ApiObject): boolean {
  return readBool(metadata.annotations?.[autoUpdateAnnotation]) ?? metadata.generation === 1;
}

/** Go's strconv.ParseBool. */
function readBool(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text) ? false : undefined;
}

async function removeObsolete(
  found: FoundResource,
  wanted: ReadonlySet<string | undefined>,
): Promise<void> {
  const { store } = found;
  for (const stored of store.cache.snapshot().range(store.prefix)) {
    const { name = '', annotations } = store.parse(stored).metadata;
    if (wanted.has(name) || readBool(annotations?.[autoUpdateAnnotation]) !== true) continue;
    try {
      await store.delete(contextOf(found, name), {});
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
  }
}
