// What a container finds: environment, volumes, identity, hosts, and its place in the cluster.
import type { V1TokenReview } from '@kubernetes/client-node';
import type { Test } from 'tap';
import { waitFor } from '../wait.ts';
import {
  containerStatus,
  openWorkbench,
  runToEnd,
  type Suite,
  shell,
  stay,
  type Workbench,
} from '../workbench.ts';

type Check = (t: Test, bench: Workbench) => Promise<void>;

const fieldEnv = (name: string, fieldPath: string) => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
});

const checks: Readonly<Record<string, Check>> = {
  '[sig-node] Downward API should provide pod name, namespace and IP address as env vars': async (
    t,
    bench,
  ) => {
    const { pod, output } = await runToEnd(bench, 'downward', {
      containers: [
        shell('echo $NAME/$NS/$IP/$HOST/$UID_/$CPU/$MEM', {
          env: [
            fieldEnv('NAME', 'metadata.name'),
            fieldEnv('NS', 'metadata.namespace'),
            fieldEnv('IP', 'status.podIP'),
            fieldEnv('HOST', 'status.hostIP'),
            fieldEnv('UID_', 'metadata.uid'),
            { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
            { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'requests.memory' } } },
          ],
          resources: { limits: { cpu: '500m', memory: '64Mi' }, requests: { memory: '32Mi' } },
        }),
      ],
    });
    const { podIP, hostIP } = pod.status ?? {};
    const expected = ['downward', bench.namespace, podIP, hostIP, pod.metadata?.uid, 1, 33554432];
    t.equal(output, `${expected.join('/')}\n`);
  },
  '[sig-node] Variable Expansion should allow composing env vars into new env vars': async (
    t,
    bench,
  ) => {
    const { output } = await runToEnd(bench, 'expansion', {
      containers: [
        {
          name: 'main',
          image: 'busybox:1.35',
          command: ['sh', '-c', 'echo "$1"; echo "$BAR"', 'sh', '$(FOO) $$(FOO) $(MISSING)'],
          env: [
            { name: 'FOO', value: 'foo-value' },
            { name: 'BAR', value: '$(FOO);;bar' },
          ],
        },
      ],
    });
    t.equal(output, 'foo-value $(FOO) $(MISSING)\nfoo-value;;bar\n');
  },
  '[sig-node] Secrets should be consumable as environment variable names variable names with various prefixes':
    async (t, bench) => {
      const { output } = await runToEnd(bench, 'env-from', {
        containers: [
          shell('echo $P_DATA1 $DATA2 $OPTIONAL-none', {
            envFrom: [
              { prefix: 'P_', secretRef: { name: 'words' } },
              { configMapRef: { name: 'settings' } },
              { configMapRef: { name: 'missing', optional: true } },
            ],
          }),
        ],
      });
      t.equal(output, 'secret config -none\n');
    },
  '[sig-node] ConfigMap a missing one keeps the container waiting, with the reason': async (
    t,
    bench,
  ) => {
    await bench.createPod('missing', {
      containers: [shell('true', { envFrom: [{ configMapRef: { name: 'missing' } }] })],
    });
    const pod = await bench.waitForPod('missing', 'waiting', (each) => {
      return containerStatus(each)?.state?.waiting?.reason === 'CreateContainerConfigError';
    });
    t.equal(containerStatus(pod)?.state?.waiting?.message, 'configmap "missing" not found');
  },
  '[sig-storage] Projected combined should project all components that make up the projection API':
    async (t, bench) => {
      const script =
        'cd /all; cat DATA2 secret/DATA1 name; stat -Lc %a secret/DATA1; wc -c < token | grep -c .';
      const { output } = await runToEnd(bench, 'projected', {
        containers: [shell(script, { volumeMounts: [{ name: 'all', mountPath: '/all' }] })],
        volumes: [
          {
            name: 'all',
            projected: {
              sources: [
                { configMap: { name: 'settings' } },
                {
                  secret: {
                    name: 'words',
                    items: [{ key: 'DATA1', path: 'secret/DATA1', mode: 0o400 }],
                  },
                },
                {
                  downwardAPI: {
                    items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }],
                  },
                },
                { serviceAccountToken: { path: 'token', expirationSeconds: 600, audience: 'x' } },
              ],
            },
          },
        ],
      });
      t.equal(output, 'configsecretprojected400\n1\n');
    },
  '[sig-storage] ConfigMap updates should be reflected in volume': async (t, bench) => {
    const path = bench.core('configmaps/changing');
    await bench.api.ok('POST', bench.core('configmaps'), {
      body: { metadata: { name: 'changing' }, data: { word: 'before' } },
    });
    await bench.createPod('watching', {
      containers: [shell(stay, { volumeMounts: [{ name: 'v', mountPath: '/v' }] })],
      volumes: [{ name: 'v', configMap: { name: 'changing' } }],
    });
    await bench.waitReady('watching');
    t.equal(await bench.exec('watching', 'cat', '/v/word'), 'before');
    await bench.api.ok('PATCH', path, {
      contentType: 'application/merge-patch+json',
      body: { data: { word: 'after', more: 'yes' } },
    });
    await waitFor(
      'the new word',
      async () => (await bench.exec('watching', 'cat', '/v/word')) === 'after',
      { timeoutMs: 90_000, intervalMs: 500 },
    );
    t.match(await bench.exec('watching', 'ls', '/v'), /more/);
  },
  '[sig-storage] Subpath Atomic writer volumes should support subpaths with configmap pod with mountPath of existing file':
    async (t, bench) => {
      const { output } = await runToEnd(bench, 'sub-path', {
        containers: [
          shell('cat /etc/group; cat /deep/DATA2', {
            volumeMounts: [
              { name: 'c', mountPath: '/etc/group', subPath: 'DATA2' },
              { name: 'e', mountPath: '/deep', subPathExpr: 'a/$(NAME)' },
            ],
            env: [fieldEnv('NAME', 'metadata.name')],
          }),
        ],
        initContainers: [
          shell('cp /c/DATA2 /e/a/sub-path/', {
            name: 'copy',
            volumeMounts: [
              { name: 'c', mountPath: '/c' },
              { name: 'e', mountPath: '/e' },
              { name: 'e', mountPath: '/unused', subPath: 'a/sub-path' },
            ],
          }),
        ],
        volumes: [
          { name: 'c', configMap: { name: 'settings' } },
          { name: 'e', emptyDir: {} },
        ],
      });
      t.equal(output, 'configconfig');
    },
  '[sig-storage] EmptyDir volumes volume on tmpfs should have the correct mode': async (
    t,
    bench,
  ) => {
    const { output } = await runToEnd(bench, 'empty-dir', {
      containers: [
        shell('stat -c %a /m /d; stat -fc %T /m; id -u; id -G; stat -c %g /d', {
          volumeMounts: [
            { name: 'm', mountPath: '/m' },
            { name: 'd', mountPath: '/d' },
          ],
        }),
      ],
      securityContext: { runAsUser: 1001, fsGroup: 2002, supplementalGroups: [3003] },
      volumes: [
        { name: 'm', emptyDir: { medium: 'Memory' } },
        { name: 'd', emptyDir: {} },
      ],
    });
    const lines = output.trim().split('\n');
    t.strictSame(lines.slice(0, 4), ['2777', '2777', 'tmpfs', '1001'], output);
    t.match(lines[4], /2002/);
    t.match(lines[4], /3003/);
    t.equal(lines[5], '2002');
  },
  '[sig-node] Kubelet when scheduling a read only busybox container should not write to root filesystem':
    async (t, bench) => {
      const { output } = await runToEnd(bench, 'read-only', {
        containers: [
          shell('echo x > /file && echo wrote; echo done', {
            securityContext: { readOnlyRootFilesystem: true },
          }),
        ],
      });
      t.match(output, /Read-only file system/);
      t.notMatch(output, /wrote/);
    },
  '[sig-node] Kubelet when scheduling an agnhost Pod with hostAliases should write entries to /etc/hosts':
    async (t, bench) => {
      const { output } = await runToEnd(bench, 'hosts', {
        containers: [shell('cat /etc/hosts; hostname; hostname -f')],
        hostname: 'boat',
        subdomain: 'harbour',
        hostAliases: [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }],
      });
      t.match(output, /^# Kubernetes-managed hosts file\.\n/);
      t.match(output, /123\.45\.67\.89\tfoo\tbar/);
      t.match(
        output,
        new RegExp(`\\tboat\\.harbour\\.${bench.namespace}\\.svc\\.cluster\\.local\\tboat`),
      );
      t.match(output, /\nboat\nboat\.harbour\./);
    },
  '[sig-auth] ServiceAccounts should mount an API token into pods': async (t, bench) => {
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
    await bench.createPod('token', { containers: [shell(stay)] });
    await bench.waitReady('token');
    t.equal(await bench.exec('token', 'ls', folder), 'ca.crt\nnamespace\ntoken\n');
    t.equal(await bench.exec('token', 'cat', `${folder}/namespace`), bench.namespace);
    t.match(await bench.exec('token', 'cat', `${folder}/ca.crt`), /BEGIN CERTIFICATE/);
    const token = await bench.exec('token', 'cat', `${folder}/token`);
    const review = await bench.api.ok<V1TokenReview>(
      'POST',
      '/apis/authentication.k8s.io/v1/tokenreviews',
      { body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } } },
    );
    t.equal(review.status?.authenticated, true);
    t.equal(review.status?.user?.username, `system:serviceaccount:${bench.namespace}:default`);
    const extra = review.status?.user?.extra ?? {};
    t.strictSame(extra['authentication.kubernetes.io/pod-name'], ['token'], 'bound to the pod');
    await bench.exec('token', 'nc', '-w', '5', 'kubernetes.default', '443', '-e', 'true');
    const without = await runToEnd(bench, 'no-token', {
      automountServiceAccountToken: false,
      containers: [shell(`ls ${folder}`)],
    });
    t.match(without.output, /No such file or directory/);
  },
  '[sig-node] Pods should contain environment variables for services': async (t, bench) => {
    const { output } = await runToEnd(bench, 'service-env', {
      containers: [shell('echo $KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT')],
    });
    t.match(output, /^\d+\.\d+\.\d+\.\d+:443\n$/);
  },
};

export const podEnvironment: Suite = {
  name: 'pod-environment',
  async run(t, cluster) {
    const bench = await openWorkbench(t, cluster);
    await bench.api.ok('POST', bench.core('configmaps'), {
      body: { metadata: { name: 'settings' }, data: { DATA2: 'config' } },
    });
    await bench.api.ok('POST', bench.core('secrets'), {
      body: { metadata: { name: 'words' }, stringData: { DATA1: 'secret' } },
    });
    t.jobs = 6;
    await Promise.all(
      Object.entries(checks).map(([name, check]) =>
        t.test(name, { buffered: true }, (t) => check(t, bench)),
      ),
    );
  },
};
