// `pods/binding` and `bindings`: how the scheduler gives a pod its node.
import { type Clock, timestamp } from '../../clock.ts';
import type { Pod } from '../../objects.ts';
import { applyBinding, type Binding, checkTarget } from '../../registry/core/pod-binding.ts';
import type { FoundResource, ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { RequestContext } from '../../registry/engine/types.ts';
import type { ApiObject } from '../../registry/resource.ts';
import type { ReadBody } from '../../registry/schema/read-body.ts';
import { badRequest, isReason, resourceNotFound, success } from '../../status.ts';
import { contextOf } from '../request-context.ts';
import type { SpecialRequest } from '../router.ts';
import { createdAnswer, readCreate } from '../special-body.ts';

interface Parts {
  readonly registry: ResourceRegistry;
  readonly readBody: ReadBody;
  readonly clock: Clock;
}

const bindingType = {
  group: '',
  version: 'v1',
  kind: 'Binding',
  schema: 'io.k8s.api.core.v1.Binding',
};
const bindAttempts = 20;

/** Binds the pod named in the path, or (`bindings`) the one that the body names. */
export function podBinding(parts: Parts): SpecialRequest {
  return async (exchange) => {
    const { info } = exchange;
    const pods = parts.registry.find('', 'v1', 'pods');
    if (pods === undefined) throw resourceNotFound();
    const { object, options } = await readCreate<Binding>(exchange, parts.readBody, bindingType);
    const name = info.subresource === '' ? (object.metadata?.name ?? '') : info.name;
    const stated = object.metadata?.name ?? '';
    if (name === '') throw badRequest('name is required');
    if (stated !== '' && stated !== name) {
      throw badRequest('name in URL does not match name in Binding object');
    }
    checkTarget(object);
    const context: RequestContext = {
      ...contextOf(exchange, pods, options),
      name,
      subresource: 'binding',
    };
    await bind(pods, context, object, timestamp(parts.clock));
    return createdAnswer(exchange, { ...success(), code: 201 });
  };
}

/** Runs again when somebody else wrote the pod in between; whether it may be bound is asked anew. */
async function bind(
  pods: FoundResource,
  context: RequestContext,
  binding: Binding,
  now: string,
): Promise<void> {
  const { store } = pods;
  for (let attempt = 1; ; attempt++) {
    const stored = store.cache.get(store.key(context.namespace, context.name));
    const current = attempt > 1 || stored === undefined ? await store.get(context) : stored;
    const pod = store.present(context, current);
    const bound = applyBinding(pod as Pod, binding, now);
    try {
      await store.update(context, bound as ApiObject);
      return;
    } catch (error) {
      if (!isReason(error, 'Conflict') || attempt === bindAttempts) throw error;
    }
  }
}
