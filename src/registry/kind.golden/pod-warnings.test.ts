// Golden: what authors of pods and of pod templates are warned of, and gated fields that are dropped.
import t from 'tap';
import { deploymentResource } from '../apps/deployment.ts';
import { podResource } from '../core/pod.ts';
import type { ApiObject, Resource } from '../resource.ts';
import { context, created, defaulted } from './golden.ts';

const container = { name: 'c', image: 'nginx' };

function warningsOf(spec: object, annotations: Record<string, string> = {}): readonly string[] {
  const object = {
    metadata: { name: 'web', annotations },
    spec: { containers: [container], ...spec },
  };
  return podResource.warnings?.(created(podResource, object), undefined) ?? [];
}

const beta = 'beta.kubernetes.io/arch';
const betaWhy = 'deprecated since v1.14; use "kubernetes.io/arch" instead';
const nothing = 'a null labelSelector results in matching no pod';

t.test('where a pod may run', (t) => {
  t.same(warningsOf({ nodeSelector: { [beta]: 'amd64' } }), [
    `spec.nodeSelector[${beta}]: ${betaWhy}`,
  ]);
  const term = { matchExpressions: [{ key: beta, operator: 'In', values: ['a b'] }] };
  const affinity = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: term }],
    },
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'x' }],
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, podAffinityTerm: { topologyKey: 'x' } },
      ],
    },
  };
  const node = 'spec.affinity.nodeAffinity';
  const pods = 'spec.affinity.podAntiAffinity';
  t.same(warningsOf({ affinity }), [
    `${node}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: ${beta} is ${betaWhy}`,
    `${node}.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: ${beta} is ${betaWhy}`,
    `${node}.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[0]: a b is invalid, a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    `${pods}.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: ${nothing}`,
    `${pods}.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: ${nothing}`,
  ]);
  const topologySpreadConstraints = [{ topologyKey: beta, maxSkew: 1 }];
  t.same(warningsOf({ topologySpreadConstraints }), [
    `spec.topologySpreadConstraints[0].topologyKey: ${beta} is ${betaWhy}`,
    `spec.topologySpreadConstraints[0].labelSelector: ${nothing}`,
  ]);
  t.end();
});

t.test('lists and annotations', (t) => {
  t.same(warningsOf({ imagePullSecrets: [{ name: 'a' }, { name: '' }, { name: 'a' }] }), [
    'spec.imagePullSecrets[2].name: duplicate name "a"',
    'spec.imagePullSecrets[1].name: invalid empty name ""',
  ]);
  t.same(warningsOf({ hostAliases: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }] }), [
    'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"',
  ]);
  t.same(warningsOf({ dnsConfig: { nameservers: ['2001:DB8::1'] } }), [
    'spec.dnsConfig.nameservers[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
  ]);
  // A pod's becomes one second before anybody looks.
  t.same(warningsOf({ terminationGracePeriodSeconds: -1 }), []);
  const seccomp = 'seccomp.security.alpha.kubernetes.io/pod';
  const critical = 'scheduler.alpha.kubernetes.io/critical-pod';
  t.same(warningsOf({}, { [seccomp]: 'x', [critical]: '' }), [
    `metadata.annotations[${critical}]: non-functional in v1.16+; use the "priorityClassName" field instead`,
    `metadata.annotations[${seccomp}]: non-functional in v1.27+; use the "seccompProfile" field instead`,
  ]);
  t.end();
});

t.test('containers', (t) => {
  const resources = { requests: { memory: '500m', cpu: '500m' } };
  t.same(warningsOf({ containers: [{ ...container, resources }] }), [
    'spec.containers[0].resources.requests[memory]: fractional byte value "500m" is invalid, must be an integer',
  ]);
  const env = [
    { name: 'A', value: '1' },
    { name: 'A', value: '$(A)2' },
    { name: 'A', value: '$(A)' },
  ];
  t.same(warningsOf({ containers: [{ ...container, env }] }), [
    'spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply',
  ]);
  const port = (fields: object) => ({ containerPort: 80, protocol: 'TCP', ...fields });
  const ports = [port({ name: 'web' }), port({ name: 'other', hostPort: 8080 })];
  const sidecar = { name: 'd', image: 'nginx', ports: [port({ name: 'web', hostIP: '10.0.0.1' })] };
  t.same(warningsOf({ containers: [{ ...container, ports }, sidecar] }), [
    'spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]',
    'spec.containers[1].ports[0]: hostIP set without hostPort: {Name:web HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.0.0.1}',
    'spec.containers[1].ports[0]: overlapping port definition with spec.containers[0].ports[0]',
    'spec.containers[1].ports[0]: overlapping port definition with spec.containers[0].ports[1]',
    'spec.containers[1].ports[0]: duplicate port name "web" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
  ]);
  t.end();
});

t.test('templates are spoken of when they change', (t) => {
  const key = 'container.apparmor.security.beta.kubernetes.io/c';
  const template = {
    metadata: { labels: { a: 'b' }, annotations: { [key]: 'unconfined' } },
    spec: { containers: [container] },
  };
  const spec = { selector: { matchLabels: { a: 'b' } }, template };
  const object = defaulted(deploymentResource, { metadata: { name: 'web', generation: 1 }, spec });
  const warning = `spec.template.metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`;
  t.same(deploymentResource.warnings?.(object, undefined), [warning]);
  t.same(deploymentResource.warnings?.(object, object), []);
  const before = { ...object, metadata: { ...object.metadata, generation: 0 } };
  t.same(deploymentResource.warnings?.(object, before), [warning]);
  const ofPod = structuredClone(object) as unknown as { spec: typeof spec };
  Object.assign(ofPod.spec.template.spec, {
    securityContext: { appArmorProfile: { type: 'Unconfined' } },
  });
  t.same(deploymentResource.warnings?.(ofPod as unknown as ApiObject, undefined), []);
  t.end();
});

t.test('gated fields are dropped, but where they are already', (t) => {
  const gated = { schedulingGroup: { podGroupName: 'g' } };
  const stopping = { ...container, lifecycle: { stopSignal: 'SIGUSR1' } };
  const spec = { containers: [stopping], ...gated };
  const made = created(podResource, { metadata: { name: 'web' }, spec }).spec as object;
  t.notMatch(Object.keys(made), ['schedulingGroup']);
  const { lifecycle } = (made as { containers: { lifecycle?: object }[] }).containers[0] ?? {};
  t.equal(lifecycle, undefined);
  const template = { metadata: { labels: { a: 'b' } }, spec };
  const deployment = { metadata: { name: 'web' }, spec: { template } };
  const keep = (resource: Resource) => {
    const next = defaulted(resource, deployment);
    resource.prepareUpdate?.(next, defaulted(resource, deployment), context);
    return next.spec;
  };
  t.match(keep(deploymentResource), { template: { spec: { ...gated, containers: [stopping] } } });
  t.end();
});
