// Services by every way in, and the names that cluster DNS gives them.
import type { V1Service } from '@kubernetes/client-node';
import { waitFor } from '../wait.ts';
import { openWorkbench, type Suite, shell, stay, type Workbench } from '../workbench.ts';

const serve = 'mkdir /w; hostname > /w/index.html; exec httpd -f -p 8080 -h /w';

async function fetchFrom(bench: Workbench, pod: string, url: string): Promise<string> {
  // Debian's static busybox dies of its own `wget -T`, hence `timeout`.
  const command = ['timeout', '3', 'wget', '-qO-', url];
  const result = await bench.kubectl.run(['exec', pod, '--', ...command]);
  return result.code === 0 ? result.stdout.trim() : '';
}

async function names(bench: Workbench, ...query: string[]): Promise<string> {
  const { stdout, stderr } = await bench.kubectl.run([
    'exec',
    'client',
    '--',
    'nslookup',
    ...query,
  ]);
  return stdout + stderr;
}

export const services: Suite = {
  name: 'services',
  async run(t, cluster) {
    const bench = await openWorkbench(t, cluster);
    const { kubectl, namespace } = bench;
    const create = (name: string, spec: object) =>
      bench.api.ok<V1Service>('POST', bench.core('services'), {
        body: { metadata: { name }, spec },
      });
    const selector = { app: 'web' };
    for (const name of ['web-a', 'web-b']) {
      await bench.createPod(
        name,
        { containers: [shell(serve)], hostname: name, subdomain: 'headless' },
        { labels: selector },
      );
    }
    await bench.createPod('client', { containers: [shell(stay)] });
    const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
    const web = await create('web', { selector, ports, type: 'NodePort' });
    await create('headless', { selector, ports, clusterIP: 'None' });
    await create('nobody', { selector: { app: 'nobody' }, ports });
    await create('sticky', { selector, ports, sessionAffinity: 'ClientIP' });
    await create('elsewhere', { type: 'ExternalName', externalName: 'example.org' });
    await bench.waitReady('web-a', 'web-b', 'client');
    const both = async (url: string) => {
      const seen = new Set<string>();
      await waitFor(`both pods behind ${url}`, async () => {
        const name = await fetchFrom(bench, 'client', url);
        if (name !== '') seen.add(name);
        return seen.size === 2;
      });
      return [...seen].sort();
    };

    t.test('[sig-network] Services should serve a basic endpoint from pods', async (t) => {
      t.strictSame(await both(`http://${web.spec?.clusterIP}/`), ['web-a', 'web-b']);
      t.strictSame(await both('http://web/'), ['web-a', 'web-b'], 'by its short name');
    });
    t.test(
      '[sig-network] Services should be able to create a functioning NodePort service',
      async (t) => {
        const path = '{.items[*].status.addresses[?(@.type=="InternalIP")].address}';
        const addresses = (await kubectl.ok(['get', 'nodes', '-o', `jsonpath=${path}`])).split(' ');
        for (const address of addresses) {
          const url = `http://${address}:${web.spec?.ports?.[0]?.nodePort}/`;
          t.match(await fetchFrom(bench, 'client', url), /^web-[ab]$/, `from a pod: ${url}`);
          if (cluster.own === undefined) continue;
          const answer = await fetch(url, { signal: AbortSignal.timeout(3000) });
          t.match(await answer.text(), /^web-[ab]\n$/, `from the machine: ${url}`);
        }
      },
    );
    t.test('a pod reaches itself through its Service', async (t) => {
      await waitFor(
        'itself',
        async () => (await fetchFrom(bench, 'web-a', 'http://web/')) === 'web-a',
      );
      t.pass('hairpin');
    });
    t.test(
      '[sig-network] Services should have session affinity work for service with type clusterIP',
      async (t) => {
        const seen = new Set<string>();
        for (let i = 0; i < 8; i++) seen.add(await fetchFrom(bench, 'client', 'http://sticky/'));
        t.equal(seen.size, 1);
      },
    );
    t.test('a Service without endpoints refuses at once', async (t) => {
      const { stderr, code } = await kubectl.run(
        ['exec', 'client', '--', 'timeout', '5', 'wget', '-qO-', 'http://nobody/'],
        { timeoutMs: 10_000 },
      );
      t.not(code, 0);
      t.match(stderr, /refused/i);
    });
    t.test('[sig-network] DNS should provide DNS for services', async (t) => {
      const full = `web.${namespace}.svc.cluster.local`;
      t.match(await names(bench, `${full}.`), web.spec?.clusterIP ?? 'none');
      t.match(await names(bench, '-type=srv', `_http._tcp.${full}.`), `0 100 80 ${full}`);
      t.match(await names(bench, 'kubernetes.default.svc.cluster.local.'), /Address: *\d+/);
      const missing = await names(bench, `missing.${namespace}.svc.cluster.local.`);
      t.match(missing, /NXDOMAIN|can't find/);
    });
    t.test('[sig-network] DNS should provide DNS for pods for Hostname', async (t) => {
      const headless = `headless.${namespace}.svc.cluster.local`;
      const pods = await Promise.all(['web-a', 'web-b'].map((name) => bench.pod(name)));
      const all = await names(bench, `${headless}.`);
      for (const pod of pods) {
        t.match(all, pod.status?.podIP ?? 'none');
        const own = await names(bench, `${pod.metadata?.name}.${headless}.`);
        t.match(own, pod.status?.podIP ?? 'none');
      }
    });
    t.test('[sig-network] DNS should provide DNS for ExternalName services', async (t) => {
      const answer = await names(bench, '-type=cname', `elsewhere.${namespace}.svc.cluster.local.`);
      t.match(answer, /canonical name = example\.org/);
    });
    t.test('endpoints follow pods', async (t) => {
      await kubectl.ok(['delete', 'pod', 'web-b', '--timeout=20s']);
      const slices = '/apis/discovery.k8s.io/v1/namespaces/';
      const path = `${slices}${namespace}/endpointslices?labelSelector=kubernetes.io/service-name%3Dweb`;
      await waitFor('one endpoint', async () => {
        const { items } = await bench.api.ok<{ items: { endpoints?: unknown[] }[] }>('GET', path);
        return items.flatMap((slice) => slice.endpoints ?? []).length === 1;
      });
      for (let i = 0; i < 4; i++) t.equal(await fetchFrom(bench, 'client', 'http://web/'), 'web-a');
    });
  },
};
