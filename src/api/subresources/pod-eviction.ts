// `pods/eviction`: a deletion that asks the pod's disruption budget first.
import { type Clock, timestamp } from '../../clock.ts';
import type { Eviction, Pod, PodDisruptionBudget } from '../../objects.ts';
import type { FoundResource, ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { Admission, DeletionOptions, RequestContext } from '../../registry/engine/types.ts';
import { FieldPath, invalidValue } from '../../registry/field.ts';
import {
  allowsUnhealthy,
  budgetNotReady,
  budgetsOf,
  isPodReady,
  mayIgnoreBudget,
  mustBeUnchanged,
  takeDisruption,
  withDisruptionTarget,
} from '../../registry/policy/eviction.ts';
import type { ApiObject } from '../../registry/resource.ts';
import type { ReadBody } from '../../registry/schema/read-body.ts';
import {
  badRequest,
  conflict,
  internalError,
  invalid,
  isReason,
  type Status,
  success,
} from '../../status.ts';
import { contextOf } from '../request-context.ts';
import type { SpecialRequest } from '../router.ts';
import { serverContext } from '../server-context.ts';
import { createdAnswer, readCreate } from '../special-body.ts';

interface Parts {
  readonly registry: ResourceRegistry;
  readonly readBody: ReadBody;
  readonly admission: Admission;
  readonly clock: Clock;
}

interface Wanted {
  readonly pods: FoundResource;
  readonly context: RequestContext;
  readonly options: DeletionOptions;
  readonly dryRun: boolean;
}

/** How often one eviction may lose to other writers of the pod or its budget. */
const attemptsMax = 200;

const evictionType = {
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  schema: 'io.k8s.api.policy.v1.Eviction',
};

const severalBudgets: Status = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message:
    'This pod has more than one PodDisruptionBudget, which the eviction subresource does not ' +
    'support.',
  code: 500,
};

/** Upstream's EvictionREST. */
export function podEviction(parts: Parts): SpecialRequest {
  return async (exchange, found) => {
    const { name } = exchange.info;
    const { object, options } = await readCreate<Eviction>(exchange, parts.readBody, evictionType);
    if (object.metadata?.name !== name) {
      throw badRequest('name in URL does not match name in Eviction object');
    }
    const dryRun = isDryRun(object, name, options.dryRun);
    const context = { ...contextOf(exchange, found, options), dryRun };
    const attributes = {
      context,
      operation: 'CREATE',
      object: object as ApiObject,
      old: undefined,
    } as const;
    await parts.admission.mutate(attributes);
    await parts.admission.validate(attributes);
    const wanted = { pods: found, context, options: deletionOf(object), dryRun };
    return createdAnswer(exchange, await evict(parts, wanted));
  };
}

/** The request and the body may both ask for it; if both do they must ask for the same. */
function isDryRun({ deleteOptions }: Eviction, name: string, asked: boolean): boolean {
  if (deleteOptions?.ignoreStoreReadErrorWithClusterBreakingPotential === true) {
    const path = FieldPath.of('deleteOptions', 'ignoreStoreReadErrorWithClusterBreakingPotential');
    const why = 'can not be set for pod eviction, try after removing the option';
    throw invalid(evictionType, name, [invalidValue(path, true, why)]);
  }
  const stated = deleteOptions?.dryRun ?? [];
  if (stated.length === 0) return asked;
  if (asked && (stated.length !== 1 || stated[0] !== 'All')) {
    const why = 'Non-matching dry-run options in request and content';
    throw internalError(new Error(`${why}: [All] and [${stated.join(' ')}]`));
  }
  return true;
}

function deletionOf({ deleteOptions = {} }: Eviction): DeletionOptions {
  const { gracePeriodSeconds, propagationPolicy: policy, preconditions } = deleteOptions;
  const known = policy === 'Background' || policy === 'Foreground' || policy === 'Orphan';
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(known ? { propagationPolicy: policy } : {}),
    ...(preconditions === undefined ? {} : { preconditions }),
  };
}

async function evict(parts: Parts, wanted: Wanted): Promise<Status> {
  const { options } = wanted;
  const done: Status = { ...success(), code: 201 };
  const pod = await evictUncounted(parts, wanted);
  if (pod === undefined) return done;
  const budgets = await guardsOf(parts, pod);
  const [budget] = budgets;
  if (budgets.length > 1) return severalBudgets;
  if (budget === undefined) {
    await remove(parts, wanted, options);
    return done;
  }
  if (isPodReady(pod) || !allowsUnhealthy(budget)) {
    await decrement(parts, wanted, budget);
    await remove(parts, wanted, options);
    return done;
  }
  try {
    // It must not have become ready since.
    await remove(parts, wanted, unchanged(options, pod));
  } catch (error) {
    const asked = options.preconditions?.resourceVersion !== undefined;
    if (asked || !isReason(error, 'Conflict')) throw error;
    throw budgetNotReady(budget.metadata?.name ?? '');
  }
  return done;
}

function unchanged(options: DeletionOptions, { metadata }: Pod): DeletionOptions {
  const resourceVersion = metadata?.resourceVersion;
  if (resourceVersion === undefined) return options;
  return { ...options, preconditions: { ...options.preconditions, resourceVersion } };
}

/**
 * Evicts a pod that needs no budget's leave; the pod itself when its budget is to be asked. A
 * conflict is tried again unless the client named the resourceVersion.
 */
async function evictUncounted(parts: Parts, wanted: Wanted): Promise<Pod | undefined> {
  const { pods, context, options } = wanted;
  const asked = options.preconditions?.resourceVersion !== undefined;
  for (let attempt = 1; ; attempt++) {
    const pod = pods.store.present(context, await pods.store.get(context)) as Pod;
    if (!mayIgnoreBudget(pod)) return pod;
    const held = mustBeUnchanged(pod) && !asked;
    try {
      await remove(parts, wanted, held ? unchanged(options, pod) : options);
      return undefined;
    } catch (error) {
      if (asked || !isReason(error, 'Conflict') || attempt === attemptsMax) throw error;
    }
  }
}

async function guardsOf(parts: Parts, pod: Pod): Promise<readonly PodDisruptionBudget[]> {
  const found = parts.registry.find('policy', 'v1', 'poddisruptionbudgets');
  if (found === undefined) return [];
  const { store } = found;
  const namespace = pod.metadata?.namespace ?? '';
  const context = serverContext(found, namespace, '');
  await store.cache.consistent();
  const listed = store.cache.snapshot().range(`${store.prefix}${namespace}/`);
  return budgetsOf(
    pod,
    [...listed].map((stored) => store.present(context, stored) as PodDisruptionBudget),
  );
}

/** Takes one disruption out of the budget; whoever else did so meanwhile is counted first. */
async function decrement(
  parts: Parts,
  { context, dryRun }: Wanted,
  seen: PodDisruptionBudget,
): Promise<void> {
  const found = parts.registry.find('policy', 'v1', 'poddisruptionbudgets');
  if (found === undefined) return;
  const name = seen.metadata?.name ?? '';
  const own = serverContext(found, context.namespace, name, 'status');
  let budget = seen;
  for (let attempt = 1; ; attempt++) {
    const next = takeDisruption(budget, context.name, timestamp(parts.clock));
    if (dryRun) return;
    try {
      await found.store.update(own, next as ApiObject);
      return;
    } catch (error) {
      if (!isReason(error, 'Conflict') || attempt === attemptsMax) throw error;
    }
    budget = found.store.present(own, await found.store.get(own)) as PodDisruptionBudget;
  }
}

/** Marks the pod as disrupted and deletes it. */
async function remove(parts: Parts, wanted: Wanted, options: DeletionOptions): Promise<void> {
  const { pods, context, dryRun } = wanted;
  const own = { ...serverContext(pods, context.namespace, context.name), dryRun };
  const marked = dryRun ? undefined : await mark(parts, wanted, options);
  const preconditions =
    marked !== undefined && options.preconditions?.resourceVersion !== undefined
      ? { preconditions: { ...options.preconditions, resourceVersion: marked } }
      : {};
  await pods.store.delete(own, { ...options, ...preconditions });
}

/** @returns the resourceVersion of the marked pod */
async function mark(parts: Parts, { pods, context }: Wanted, options: DeletionOptions) {
  const { store } = pods;
  const own = serverContext(pods, context.namespace, context.name, 'status');
  for (let attempt = 1; ; attempt++) {
    const pod = store.present(own, await store.get(own)) as Pod;
    checkPreconditions(pod, options);
    const next = withDisruptionTarget(pod, timestamp(parts.clock));
    try {
      const { stored } = await store.update(own, next as ApiObject);
      return String(stored.revision);
    } catch (error) {
      if (!isReason(error, 'Conflict') || attempt === attemptsMax) throw error;
    }
  }
}

function checkPreconditions({ metadata }: Pod, { preconditions }: DeletionOptions): void {
  const checks = [
    ['uid', 'UID', 'deleted and then recreated'],
    ['resourceVersion', 'ResourceVersion', 'modified'],
  ] as const;
  for (const [field, what, perhaps] of checks) {
    const wanted = preconditions?.[field] ?? '';
    const is = metadata?.[field] ?? '';
    if (wanted === '' || wanted === is) continue;
    const why =
      `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${is}). ` +
      `The object might have been ${perhaps}`;
    throw conflict({ group: '', resource: 'Pod' }, metadata?.name ?? '', why);
  }
}
