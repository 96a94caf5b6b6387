// Golden: what the doors to a pod let through: gated pods, resize, ephemeral containers, status.
import t from 'tap';
import type { Pod } from '../../objects.ts';
import { podResource } from '../core/pod.ts';
import type { ApiObject } from '../resource.ts';
import { context, created, updateErrors, withValue } from './golden.ts';

const container = {
  name: 'c',
  image: 'nginx',
  resources: { requests: { cpu: '100m', memory: '64Mi' } },
};
const pod = { metadata: { name: 'web' }, spec: { containers: [container] } };

function through(door: string, change: (pod: Pod) => void, from: object = pod) {
  const subresource = podResource.subresources?.find(({ name }) => name === door);
  const old = created(podResource, from);
  const next = structuredClone(old);
  change(next as unknown as Pod);
  subresource?.prepareUpdate(next, old, context);
  const errors = subresource?.validateUpdate?.(next, old, context) ?? [];
  return { next, errors: errors.map(({ field, message }) => `${field}: ${message}`) };
}

t.test('a new pod takes its label keys into its selectors', (t) => {
  const labelSelector = { matchLabels: { app: 'web' } };
  const term = { topologyKey: 'zone', labelSelector, mismatchLabelKeys: ['rev', 'none'] };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  const spread = { maxSkew: 1, topologyKey: 'zone', labelSelector, matchLabelKeys: ['rev'] };
  const labelled = withValue(
    withValue(pod, 'metadata.labels', { rev: '7' }),
    'spec.affinity',
    affinity,
  );
  const object = withValue(labelled, 'spec.topologySpreadConstraints', [spread]);
  const rev = (operator: string) => ({
    ...labelSelector,
    matchExpressions: [{ key: 'rev', operator, values: ['7'] }],
  });
  t.match(created(podResource, object).spec, {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: rev('NotIn') }],
      },
    },
    topologySpreadConstraints: [{ labelSelector: rev('In') }],
  });
  t.end();
});

t.test('a gated pod may only be narrowed', (t) => {
  const expression = { key: 'a', operator: 'Exists' };
  const affinityOf = (...terms: object[]) => ({
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
  });
  const term = { matchExpressions: [expression] };
  const gated = {
    ...pod,
    spec: {
      ...pod.spec,
      schedulingGates: [{ name: 'a.b/c' }],
      nodeSelector: { zone: 'a' },
      affinity: affinityOf(term),
    },
  };
  const errors = (path: string, value: unknown) =>
    updateErrors(podResource, withValue(gated, path, value), gated);
  t.same(errors('spec.nodeSelector', { zone: 'a', disk: 'ssd' }), []);
  t.same(errors('spec.nodeSelector', { zone: 'b' }), [
    'spec.nodeSelector: Invalid value: {"zone":"b"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
  ]);
  const narrower = { matchExpressions: [expression, { key: 'b', operator: 'Exists' }] };
  t.same(errors('spec.affinity', affinityOf(narrower)), []);
  const path =
    'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  t.match(errors('spec.affinity', affinityOf({ matchExpressions: [] })), [
    `${path}[0]: Invalid value: {"matchExpressions":[]}: only additions are allowed (no mutations or deletions)`,
  ]);
  t.match(errors('spec.affinity', undefined), [
    `${path}: Invalid value: []: no additions/deletions to non-empty NodeSelectorTerms list are allowed`,
  ]);
  t.same(errors('spec.schedulingGates', []), []);
  t.same(errors('spec.schedulingGates', [{ name: 'a.b/c' }, { name: 'd.e/f' }]), [
    "spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'd.e/f'",
  ]);
  t.end();
});

t.test('resize', (t) => {
  const resize = (change: (first: Pod['spec']) => void, from?: object) =>
    through('resize', ({ spec }) => change(spec), from);
  const set = (resources: object) => (spec: Pod['spec']) => {
    Object.assign(spec?.containers[0] ?? {}, { resources });
  };
  const grown = resize(set({ requests: { cpu: '1', memory: '64Mi' } }));
  t.same(grown.errors, []);
  t.match(grown.next.spec, { containers: [{ resources: { requests: { cpu: '1' } } }] });
  t.equal(grown.next.metadata.generation, 1);
  const image = resize((spec) => Object.assign(spec?.containers[0] ?? {}, { image: 'other' }));
  t.match(image.next.spec, { containers: [{ image: 'nginx' }] }, 'all else stays');
  t.same(resize(set({ requests: { cpu: '1' } })).errors, [
    'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
  ]);
  const both = { cpu: '100m', memory: '64Mi' };
  t.same(resize(set({ requests: both, limits: both })).errors, [
    'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
  ]);
  t.same(resize(set({ requests: { ...both, 'ephemeral-storage': '1Gi' } })).errors, [
    'spec: Forbidden: only cpu and memory resources are mutable',
  ]);
  t.same(
    resize((spec) => spec?.containers.push({ ...container, name: 'd' })).errors.at(-1),
    'spec.containers: Forbidden: containers may not be added or removed on resize',
  );
  t.same(resize((spec) => Object.assign(spec?.containers[0] ?? {}, { name: 'd' })).errors, [
    'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
  ]);
  const mirror = withValue(pod, 'metadata.annotations', { 'kubernetes.io/config.mirror': 'x' });
  t.same(resize(() => {}, mirror).errors, [': Forbidden: static pods cannot be resized']);
  t.end();
});

t.test('ephemeral containers are only added', (t) => {
  const debug = {
    name: 'debug',
    image: 'busybox',
    imagePullPolicy: 'Always',
    terminationMessagePolicy: 'File',
  };
  const add =
    (...containers: object[]) =>
    (next: Pod) => {
      Object.assign(next.spec ?? {}, { ephemeralContainers: containers });
    };
  const door = 'ephemeralcontainers';
  t.same(through(door, add(debug)).errors, []);
  const debugged = withValue(pod, 'spec.ephemeralContainers', [debug]);
  t.same(through(door, add(), debugged).errors, [
    'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be removed\n',
  ]);
  const mirror = withValue(pod, 'metadata.annotations', { 'kubernetes.io/config.mirror': 'x' });
  t.same(through(door, add(debug), mirror).errors, [
    ': Forbidden: static pods do not support ephemeral containers',
  ]);
  t.end();
});

t.test('status', (t) => {
  const write = (status: object, before: object = {}, spec: object = {}) => {
    const old = created(podResource, { ...pod, spec: { ...pod.spec, ...spec } });
    old.status = { ...(old.status as object), ...before };
    const next: ApiObject = { ...structuredClone(old), status };
    podResource.prepareStatusUpdate?.(next, old, context);
    const errors = podResource.validateStatusUpdate?.(next, old, context) ?? [];
    return {
      status: next.status,
      errors: errors.map(({ field, message }) => `${field}: ${message}`),
    };
  };
  const observed = [{ type: 'Ready', status: 'True', observedGeneration: 3 }];
  const kept = write(
    { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
    { observedGeneration: 3, conditions: observed },
  );
  t.match(kept, {
    errors: [],
    status: {
      qosClass: 'Burstable',
      observedGeneration: 3,
      conditions: [{ status: 'False', observedGeneration: 3 }],
    },
  });
  t.same(write({ qosClass: 'Guaranteed' }).errors, [
    'status.qosClass: Invalid value: "Guaranteed": field is immutable',
  ]);
  t.same(write({ nominatedNodeName: 'n1' }, {}, { nodeName: 'n2' }).errors, [
    'status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node',
  ]);
  t.same(write({ hostIP: '10.0.0.1', hostIPs: [{ ip: '10.0.0.2' }] }).errors, [
    'status.hostIPs[0].ip: Invalid value: "10.0.0.2": must be equal to `hostIP`',
  ]);
  const statuses = (state: object) => ({ containerStatuses: [{ name: 'c', state }] });
  const ended = (exitCode: number) => statuses({ terminated: { exitCode } });
  const refused = [
    'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
  ];
  const never = { restartPolicy: 'Never' };
  t.same(write(statuses({ running: {} }), ended(1), never).errors, refused);
  t.same(write(statuses({ running: {} }), ended(1), { restartPolicy: 'OnFailure' }).errors, []);
  t.same(
    write(statuses({ running: {} }), ended(0), { restartPolicy: 'OnFailure' }).errors,
    refused,
  );
  const rule = { action: 'Restart', exitCodes: { operator: 'In', values: [42] } };
  const own = [{ ...container, restartPolicy: 'Never', restartPolicyRules: [rule] }];
  t.same(write(statuses({ running: {} }), ended(42), { ...never, containers: own }).errors, []);
  t.same(write(statuses({ running: {} }), ended(41), { containers: own }).errors, refused);
  t.end();
});
