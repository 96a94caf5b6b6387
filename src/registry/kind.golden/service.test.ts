// Golden: defaults, errors, type changes, rows and allocation of Services.
import t from 'tap';
import type { Service } from '../../objects.ts';
import { seededRandom } from '../../random.ts';
import { staticBandSize, staticPortBandSize } from '../core/allocation-bands.ts';
import { formatIp, parseCidr, parseIp } from '../core/ip-range.ts';
import { serviceResource } from '../core/service.ts';

import { created, createErrors, defaulted, row, updateErrors, withValue } from './golden.ts';

const service: Service = {
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
};

t.test('defaults', (t) => {
  t.same(defaulted(serviceResource, service).spec, {
    selector: { app: 'web' },
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    sessionAffinity: 'None',
    type: 'ClusterIP',
    internalTrafficPolicy: 'Cluster',
  });
  t.match(defaulted(serviceResource, withValue(service, 'spec.type', 'LoadBalancer')).spec, {
    allocateLoadBalancerNodePorts: true,
    externalTrafficPolicy: 'Cluster',
  });
  const sticky = withValue(service, 'spec.sessionAffinity', 'ClientIP');
  t.match(defaulted(serviceResource, sticky).spec, {
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
  });
  t.end();
});

t.test('errors on create', (t) => {
  const cases: [path: string, value: unknown, errors: string[]][] = [
    ['spec.ports', [], ['spec.ports: Required value']],
    [
      'spec.type',
      'Magic',
      [
        'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", ' +
          '"LoadBalancer", "NodePort"',
      ],
    ],
    [
      'spec.ports',
      [{ port: 80, nodePort: 30080 }],
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      'spec.ports',
      [{ port: 80 }, { port: 0, name: 'a' }],
      [
        'spec.ports[0].name: Required value',
        'spec.ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.ports[1].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      'spec.externalIPs',
      ['nope'],
      [
        'spec.externalIPs[0]: Invalid value: "nope": must be a valid IP address, ' +
          '(e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
  ];
  t.same(createErrors(serviceResource, service), []);
  for (const [path, value, errors] of cases) {
    const got = createErrors(serviceResource, withValue(service, path, value));
    t.same(
      got.filter((line) => !line.startsWith('spec.externalTrafficPolicy')),
      errors,
      path,
    );
  }
  t.end();
});

t.test('updates keep what the server chose', (t) => {
  const old = created(serviceResource, {
    ...service,
    spec: { ...service.spec, type: 'NodePort', clusterIP: '10.96.0.9' },
  });
  (old as unknown as Service).spec?.ports?.forEach((port) => {
    port.nodePort = 30001;
  });
  const next = defaulted(serviceResource, withValue(service, 'spec.type', 'NodePort'));
  serviceResource.prepareUpdate?.(next, old, { ...golden() });
  t.match(next.spec, { clusterIP: '10.96.0.9', ports: [{ nodePort: 30001 }] });
  const back = withValue(old, 'spec.type', 'ClusterIP');
  serviceResource.prepareUpdate?.(back, old, { ...golden() });
  t.notOk((back as unknown as Service).spec?.ports?.[0]?.nodePort, 'node port left with the type');
  const before = withValue(service, 'spec.clusterIP', '10.96.0.9');
  // As a patch leaves it: the plural still holds what was stored.
  const moved = withValue(before, 'spec.clusterIP', '10.96.0.8');
  t.same(
    updateErrors(serviceResource, withValue(moved, 'spec.clusterIPs', ['10.96.0.9']), before),
    ['spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set'],
  );
  t.same(updateErrors(serviceResource, moved, before), [
    'spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set',
  ]);
  t.end();
});

function golden() {
  return {
    clock: { nowMs: () => 0, setTimeout: () => ({ cancel() {} }) },
    random: seededRandom(1),
    user: { name: 'jane', groups: [] },
    dryRun: false,
    subresource: '',
    warn() {},
  };
}

t.test('rows', (t) => {
  const object = {
    metadata: { name: 'web', creationTimestamp: '2025-12-30T00:00:00Z' },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.9',
      ports: [{ port: 80, nodePort: 30001, protocol: 'TCP' }],
      selector: { b: '2', a: '1' },
    },
  };
  const cells = ['web', 'LoadBalancer', '10.96.0.9', '<pending>', '80:30001/TCP', '2d', 'a=1,b=2'];
  t.same(row(serviceResource, object), cells);
  t.end();
});

t.test('numbers', (t) => {
  t.equal(staticPortBandSize(2768), 86);
  t.equal(staticBandSize(254n), 16n);
  t.equal(staticBandSize(65534n), 256n);
  for (const text of ['10.0.0.1', '::', '::1', 'fd00::1:0:0:2', '2001:db8:1:2:3:4:5:6']) {
    const ip = parseIp(text);
    t.equal(ip && formatIp(ip), text);
  }
  t.equal(parseCidr('10.96.0.0/33'), undefined);
  t.equal(parseCidr('10.96.3.0/12')?.base, 0x0a600000n);
  t.end();
});
