// NamespaceLifecycle: nothing is created in a namespace that is missing or going away.
import type { Namespace } from '../../objects.ts';
import { resourceName } from '../../registry/engine/request-checks.ts';
import type { AdmissionAttributes } from '../../registry/engine/types.ts';
import { forbidden, notFound, StatusError } from '../../status.ts';
import type { AdmissionParts, AdmissionPlugin } from './plugin.ts';
import { refusedName, targetOf } from './plugin.ts';

const namespaceResource = { group: '', resource: 'namespaces' };
/** Never deleted: the cluster does not work without them. */
const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

export function namespaceLifecycle({ objects }: AdmissionParts): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    async mutate(attributes) {
      const { context, operation } = attributes;
      const target = targetOf(attributes);
      if (operation === 'DELETE' && target === 'namespaces' && immortal.has(context.name)) {
        throw forbidden(namespaceResource, context.name, 'this namespace may not be deleted');
      }
      if (operation !== 'CREATE' || !context.served.resource.namespaced) return;
      // Reviews are answered, not stored, so it does not matter what becomes of their namespace.
      if (target === 'localsubjectaccessreviews.authorization.k8s.io') return;
      const { namespace } = context;
      const found = await objects.fresh<Namespace>('', 'namespaces', '', namespace);
      if (found === undefined) throw notFound(namespaceResource, namespace);
      if (isTerminating(found)) throw terminating(attributes, namespace);
    },
  };
}

function isTerminating(namespace: Namespace): boolean {
  return namespace.metadata?.deletionTimestamp != null || namespace.status?.phase === 'Terminating';
}

/** Clients and controllers look for the cause. */
function terminating({ context, object }: AdmissionAttributes, namespace: string): StatusError {
  const name = refusedName({ context, object });
  const { status } = forbidden(
    resourceName(context),
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  return new StatusError({
    ...status,
    details: {
      ...status.details,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  });
}
