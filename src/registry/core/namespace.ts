// Namespace: the scope of names; leaves only when its finalizer has emptied it.
import type { Namespace } from '../../objects.ts';
import { type FieldError, FieldPath, invalidValue } from '../field.ts';
import { validateDns1123Label, validateQualifiedName } from '../metadata/names.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource } from '../resource.ts';

const nameLabel = 'kubernetes.io/metadata.name';
const kubernetesFinalizer = 'kubernetes';

/** The label that namespace selectors may count on; it follows the name, whatever a client says. */
function setNameLabel(namespace: Namespace): void {
  const name = namespace.metadata?.name ?? '';
  if (namespace.metadata === undefined || name === '') return;
  namespace.metadata.labels = { ...namespace.metadata.labels, [nameLabel]: name };
}

function setNamespaceDefaults(namespace: Namespace): void {
  setNameLabel(namespace);
  namespace.status = { ...namespace.status };
  namespace.status.phase ||= 'Active';
}

function validateNamespace(namespace: Namespace): readonly FieldError[] {
  const path = FieldPath.of('spec', 'finalizers');
  return (namespace.spec?.finalizers ?? []).flatMap((finalizer) =>
    validateFinalizerName(finalizer, path),
  );
}

function validateFinalizerName(finalizer: string, path: FieldPath): readonly FieldError[] {
  const errors = validateQualifiedName(finalizer).map((message) =>
    invalidValue(path, finalizer, message),
  );
  if (!finalizer.includes('/') && finalizer !== kubernetesFinalizer) {
    const why = 'name is neither a standard finalizer name nor is it fully qualified';
    errors.push(invalidValue(path, finalizer, why));
  }
  return errors;
}

/** Terminating and being deleted go together. */
function validateNamespaceStatusUpdate(next: Namespace): readonly FieldError[] {
  const phase = next.status?.phase;
  const path = FieldPath.of('status', 'Phase');
  if (next.metadata?.deletionTimestamp === undefined) {
    if (phase === 'Active') return [];
    return [invalidValue(path, phase, "may only be 'Active' if `deletionTimestamp` is empty")];
  }
  if (phase === 'Terminating') return [];
  return [
    invalidValue(path, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty"),
  ];
}

export const namespaceResource = defineResource<Namespace>({
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  groups: [
    {
      group: '',
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.core.v1.Namespace',
          defaults: setNamespaceDefaults,
        },
      ],
    },
  ],
  // Upstream offers no deletecollection here: too easy a way to lose a cluster.
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  selectableFields: { 'status.phase': (namespace) => namespace.status?.phase ?? '' },
  hasGeneration: false,
  hasStatus: true,
  validateName: validateDns1123Label,
  prepareCreate(namespace) {
    namespace.status = { phase: 'Active' };
    const finalizers = namespace.spec?.finalizers ?? [];
    namespace.spec = {
      ...namespace.spec,
      finalizers: finalizers.includes(kubernetesFinalizer)
        ? finalizers
        : [...finalizers, kubernetesFinalizer],
    };
    // A generated name is known only now.
    setNameLabel(namespace);
  },
  prepareUpdate(next, old) {
    const finalizers = old.spec?.finalizers;
    const { finalizers: _, ...spec } = next.spec ?? {};
    next.spec = finalizers === undefined ? spec : { ...spec, finalizers };
    setNameLabel(next);
  },
  prepareDelete(namespace) {
    namespace.status = { ...namespace.status, phase: 'Terminating' };
    // The first step of a namespace's end is not the generic one, which speaks of grace.
    if (namespace.metadata !== undefined) delete namespace.metadata.deletionGracePeriodSeconds;
  },
  preconditionFailure: (what, wanted, is) =>
    `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${is}`,
  staysWhileDeleting: (namespace) => (namespace.spec?.finalizers ?? []).length > 0,
  validate: validateNamespace,
  validateStatusUpdate: validateNamespaceStatusUpdate,
  subresources: [
    {
      name: 'finalize',
      verbs: ['update'],
      prepareUpdate(next, old) {
        if (old.status !== undefined) next.status = old.status;
      },
      validateUpdate: validateNamespace,
    },
  ],
  table: {
    columns: [nameColumn, column('Status', 'The status of the namespace'), ageColumn],
    cells: (namespace, nowMs) => [
      nameCell(namespace),
      namespace.status?.phase ?? '',
      ageCell(namespace, nowMs),
    ],
  },
});
