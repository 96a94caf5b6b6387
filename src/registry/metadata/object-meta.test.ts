// Metadata rules as a table: what is accepted, and upstream's words for what is not.
import t from 'tap';
import type { ObjectMeta } from '../../objects.ts';
import { FieldPath } from '../field.ts';
import { validateDns1123Subdomain } from './names.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from './object-meta.ts';

const path = FieldPath.of('metadata');
const rules = { namespaced: true, validateName: validateDns1123Subdomain };
const good: ObjectMeta = { name: 'a', namespace: 'default' };
const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u' };

function shown(errors: readonly { readonly field: string; readonly message: string }[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

t.test('new objects', async (t) => {
  const cases: readonly [string, ObjectMeta, readonly (string | RegExp)[]][] = [
    ['a plain one', good, []],
    [
      'everything right',
      {
        ...good,
        labels: { 'a.b/c': 'v', d: '' },
        annotations: { 'A.b/C': 'any thing' },
        finalizers: ['orphan', 'x.io/f'],
        ownerReferences: [{ ...owner, controller: true }, owner],
        managedFields: [{ manager: 'kubectl', operation: 'Apply', fieldsType: 'FieldsV1' }],
      },
      [],
    ],
    [
      'no name',
      { namespace: 'default' },
      ['metadata.name: Required value: name or generateName is required'],
    ],
    [
      'a slash',
      { ...good, name: 'a/b' },
      [/^metadata.name: Invalid value: "a\/b": a lowercase RFC/],
    ],
    ['no namespace', { name: 'a' }, ['metadata.namespace: Required value']],
    [
      'a bad prefix',
      { ...good, generateName: 'AB-' },
      [/^metadata.generateName: Invalid value: "AB-"/],
    ],
    ['a bad label key', { ...good, labels: { '-': 'v' } }, [/^metadata.labels: .* name part must/]],
    ['a bad label value', { ...good, labels: { a: '-' } }, [/^metadata.labels: .*: a valid label/]],
    [
      'annotations too large',
      { ...good, annotations: { a: 'x'.repeat(262_144) } },
      ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    ],
    [
      'an owner without uid',
      { ...good, ownerReferences: [{ ...owner, uid: '' }] },
      ['metadata.ownerReferences.uid: Invalid value: "": must not be empty'],
    ],
    [
      'an event as owner',
      { ...good, ownerReferences: [{ ...owner, apiVersion: 'v1', kind: 'Event' }] },
      [/: \/v1, Kind=Event is disallowed from being an owner$/],
    ],
    [
      'two controllers',
      {
        ...good,
        ownerReferences: [
          { ...owner, controller: true },
          { ...owner, name: 's', uid: 'v', controller: true },
        ],
      },
      [
        new RegExp(
          'Only one reference can have Controller set to true. Found "true" in references for ' +
            'ReplicaSet/r and ReplicaSet/s$',
        ),
      ],
    ],
    [
      'a bare finalizer',
      { ...good, finalizers: ['mine'] },
      [
        'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer ' +
          'name nor is it fully qualified',
      ],
    ],
    [
      'both propagation finalizers',
      { ...good, finalizers: ['orphan', 'foregroundDeletion'] },
      [/: finalizer orphan and foregroundDeletion cannot be both set$/],
    ],
    [
      'bad managedFields',
      { ...good, managedFields: [{ operation: 'Merge', fieldsType: 'V2', manager: 'a\nb' }] },
      [
        'metadata.managedFields[0].operation: Invalid value: "Merge": must be `Apply` or `Update`',
        'metadata.managedFields[0].fieldsType: Invalid value: "V2": must be `FieldsV1`',
        'metadata.managedFields[0].manager: Invalid value: "a\\nb": invalid character U+000A ' +
          '(at position 1)',
      ],
    ],
    [
      'a negative generation',
      { ...good, generation: -1 },
      ['metadata.generation: Invalid value: -1: must be greater than or equal to 0'],
    ],
  ];
  for (const [name, meta, expected] of cases) {
    const found = shown(validateObjectMeta(meta, rules, path));
    t.equal(found.length, expected.length, `${name}: ${found.join('; ').slice(0, 200)}`);
    t.match(found, expected, name);
  }
  t.same(shown(validateObjectMeta(good, { ...rules, namespaced: false }, path)), [
    'metadata.namespace: Forbidden: not allowed on this type',
  ]);
  const bare = { ...good, finalizers: ['mine'] };
  t.same(validateObjectMeta(bare, { ...rules, customResource: true }, path), []);
});

t.test('changes', async (t) => {
  const old: ObjectMeta = { ...good, uid: 'u', generation: 2 };
  const deleting: ObjectMeta = {
    ...old,
    deletionTimestamp: '2026-01-01T00:00:00Z',
    finalizers: ['x.io/a', 'x.io/b'],
  };
  const cases: readonly [string, ObjectMeta, ObjectMeta, readonly string[]][] = [
    ['nothing', old, old, []],
    ['uid', { ...old, uid: 'v' }, old, ['metadata.uid: Invalid value: "v": field is immutable']],
    [
      'generation',
      { ...old, generation: 1 },
      old,
      ['metadata.generation: Invalid value: 1: must not be decremented'],
    ],
    ['a finalizer less', { ...deleting, finalizers: ['x.io/b'] }, deleting, []],
    [
      'finalizers more',
      { ...deleting, finalizers: ['x.io/z', 'x.io/a', 'x.io/c'] },
      deleting,
      [
        'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being ' +
          'deleted, found new finalizers []string{"x.io/c", "x.io/z"}',
      ],
    ],
  ];
  for (const [name, next, before, expected] of cases) {
    t.same(shown(validateObjectMetaUpdate(next, before, path)), expected, name);
  }
});
