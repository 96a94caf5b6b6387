// Environments: order, expansion, references with their errors, services.
import t from 'tap';
import type { Pod, Service } from '../../objects.ts';
import { type EnvironmentContext, environment, expand } from './environment.ts';

const service: Service = {
  metadata: { name: 'my-db', namespace: 'ns' },
  spec: { clusterIP: '10.0.0.5', ports: [{ name: 'sql-main', port: 5432, protocol: 'TCP' }] },
};

const context: EnvironmentContext = {
  nodeName: 'node',
  nodeAddresses: ['192.0.2.1'],
  podAddresses: ['10.1.0.2', 'fd00::2'],
  allocatable: { cpu: '2', memory: '4Gi' },
  services: (namespace) => (namespace === 'ns' ? [service] : []),
  references: {
    configMap: async (_namespace, name) =>
      name === 'cm' ? { data: { A: 'one', B: 'two' } } : undefined,
    secret: async (_namespace, name) =>
      name === 's' ? { data: { key: Buffer.from('hidden').toString('base64') } } : undefined,
  },
};

type Container = NonNullable<Pod['spec']>['containers'][number];

async function envOf(container: Partial<Container>): Promise<Record<string, string>> {
  const spec: Container = { name: 'c', ...container };
  const pod: Pod = {
    metadata: { name: 'p', namespace: 'ns', uid: 'u', labels: { app: 'x' } },
    spec: { containers: [spec] },
  };
  return Object.fromEntries(await environment(pod, { role: 'main', spec }, context));
}

t.test('expansion', async (t) => {
  const lookup = (name: string) => (name === 'A' ? '1' : undefined);
  t.equal(expand('$(A) $$(A) $(B) $A $', lookup), '1 $(A) $(B) $A $');
});

t.test('order and sources', async (t) => {
  const env = await envOf({
    resources: { limits: { memory: '64Mi' } },
    envFrom: [{ prefix: 'CM_', configMapRef: { name: 'cm' } }],
    env: [
      { name: 'X', value: '$(CM_A)-$(MY_DB_SERVICE_HOST)' },
      { name: 'CM_B', value: 'own' },
      { name: 'Y', value: '$(X)!' },
      { name: 'IPS', valueFrom: { fieldRef: { fieldPath: 'status.podIPs' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'key' } } },
      {
        name: 'MEM',
        valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } },
      },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      { name: 'NONE', valueFrom: { configMapKeyRef: { name: 'no', key: 'k', optional: true } } },
    ],
  });
  t.strictSame(env, {
    CM_A: 'one',
    CM_B: 'own',
    X: 'one-10.0.0.5',
    Y: 'one-10.0.0.5!',
    IPS: '10.1.0.2,fd00::2',
    APP: 'x',
    S: 'hidden',
    MEM: '64',
    CPU: '2',
    MY_DB_SERVICE_HOST: '10.0.0.5',
    MY_DB_SERVICE_PORT: '5432',
    MY_DB_SERVICE_PORT_SQL_MAIN: '5432',
    MY_DB_PORT: 'tcp://10.0.0.5:5432',
    MY_DB_PORT_5432_TCP: 'tcp://10.0.0.5:5432',
    MY_DB_PORT_5432_TCP_PROTO: 'tcp',
    MY_DB_PORT_5432_TCP_PORT: '5432',
    MY_DB_PORT_5432_TCP_ADDR: '10.0.0.5',
  });
});

t.test('what is missing is named as upstream names it', async (t) => {
  const key = (source: object) => envOf({ env: [{ name: 'X', valueFrom: source }] });
  await t.rejects(key({ configMapKeyRef: { name: 'no', key: 'k' } }), {
    reason: 'CreateContainerConfigError',
    message: 'configmap "no" not found',
  });
  await t.rejects(key({ configMapKeyRef: { name: 'cm', key: 'k' } }), {
    message: "couldn't find key k in ConfigMap ns/cm",
  });
  await t.rejects(key({ secretKeyRef: { name: 's', key: 'k' } }), {
    message: "couldn't find key k in Secret ns/s",
  });
  await t.rejects(envOf({ envFrom: [{ secretRef: { name: 'no' } }] }), {
    message: 'secret "no" not found',
  });
});
