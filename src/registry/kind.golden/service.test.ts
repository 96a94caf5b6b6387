// Golden: defaults, errors, type changes, rows and allocation of Services.
import t from 'tap';
import type { Service } from '../../objects.ts';
import { seededRandom } from '../../random.ts';
import { staticBandSize, staticPortBandSize } from '../core/allocation-bands.ts';
import { formatIp, parseCidr, parseIp } from '../core/ip-range.ts';
import { serviceResource } from '../core/service.ts';
import type { ApiObject } from '../resource.ts';

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

t.test('addresses, ranges and balancers', (t) => {
  const check = (spec: object, errors: string[], metadata: object = {}) => {
    const object = {
      metadata: { ...service.metadata, ...metadata },
      spec: { ...service.spec, ...spec },
    };
    t.same(createErrors(serviceResource, object), errors, JSON.stringify(spec));
  };
  check({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.2'] }, [
    'spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`',
  ]);
  check({ clusterIPs: ['10.0.0.2'] }, [
    'spec.clusterIPs: Invalid value: ["10.0.0.2"]: must be empty when `clusterIP` is not specified',
  ]);
  check({ clusterIP: 'None', clusterIPs: ['None', '10.0.0.2'] }, [
    `spec.clusterIPs: Invalid value: ["None","10.0.0.2"]: 'None' must be the first and only value`,
  ]);
  check({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', '10.0.0.2'] }, [
    'spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for ' +
      'each IP family',
  ]);
  check({ clusterIP: '010.0.0.1' }, [
    'spec.clusterIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s',
  ]);
  check({ clusterIP: '10.0.0.1', ipFamilies: ['IPv6', 'IPv6'], ipFamilyPolicy: 'Some' }, [
    'spec.ipFamilies[1]: Duplicate value: "IPv6"',
    'spec.ipFamilyPolicy: Unsupported value: "Some": supported values: "PreferDualStack", ' +
      '"RequireDualStack", "SingleStack"',
    'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by ' +
      '`ipFamilies[0]`',
  ]);
  check({ type: 'ExternalName', externalName: 'a.example.com.', ipFamilies: ['IPv4'] }, [
    'spec.ipFamilies: Forbidden: may not be set for ExternalName services',
  ]);
  check({ type: 'ExternalName' }, ['spec.externalName: Required value']);
  check({ type: 'NodePort', clusterIP: 'None' }, [
    'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
  ]);
  const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };
  check(local, ['spec.healthCheckNodePort: Required value']);
  check({ ...local, healthCheckNodePort: 70000 }, [
    'spec.healthCheckNodePort: Invalid value: 70000: must be between 1 and 65535, inclusive',
  ]);
  check({ loadBalancerSourceRanges: ['10.0.0.1/8'], loadBalancerClass: 'a/b' }, [
    "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
    'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond ' +
      'the prefix length',
    "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
  ]);
  const twice = { port: 80, nodePort: 30001 };
  check(
    {
      type: 'NodePort',
      ports: [
        { ...twice, name: 'a' },
        { ...twice, name: 'b' },
      ],
    },
    [
      'spec.ports[1].nodePort: Duplicate value: 30001',
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,' +
        '"TargetPort":0,"NodePort":0}',
    ],
  );
  const hints = {
    'service.kubernetes.io/topology-aware-hints': 'Auto',
    'service.kubernetes.io/topology-mode': 'Disabled',
  };
  check(
    {},
    [
      'metadata.annotations[service.kubernetes.io/topology-mode]: Invalid value: "Disabled": must ' +
        'match annotations[service.kubernetes.io/topology-aware-hints] when both are specified',
    ],
    { annotations: hints },
  );
  t.end();
});

t.test('what may change', (t) => {
  const two = { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1'] };
  const dual = { ...two, ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' };
  const from = (spec: object) => ({ ...service, spec: { ...service.spec, ...spec } });
  const check = (next: object, old: object, errors: string[]) =>
    t.same(updateErrors(serviceResource, from(next), from(old)), errors);
  const one = { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv4'] };
  check(dual, one, []);
  check({ ...one, ipFamilyPolicy: 'SingleStack' }, dual, []);
  check({ ...one, ipFamilyPolicy: 'RequireDualStack' }, dual, [
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be set to \'SingleStack\' when ' +
      'releasing the secondary clusterIP',
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be set to \'SingleStack\' when ' +
      'releasing the secondary ipFamily',
  ]);
  check({ clusterIP: 'None', clusterIPs: ['None'], ipFamilies: ['IPv4'] }, one, [
    'spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set',
  ]);
  check({ type: 'ExternalName', externalName: 'a' }, one, []);
  const balanced = { ...one, type: 'LoadBalancer', loadBalancerClass: 'a/b' };
  check({ ...balanced, loadBalancerClass: 'a/c' }, balanced, [
    'spec.loadBalancerClass: Invalid value: "a/c": may not change once set',
  ]);
  const local = { ...one, type: 'LoadBalancer', externalTrafficPolicy: 'Local' };
  check({ ...local, healthCheckNodePort: 30001 }, { ...local, healthCheckNodePort: 30002 }, [
    'spec.healthCheckNodePort: Forbidden: field is immutable',
  ]);
  t.end();
});

t.test('warnings', (t) => {
  const said = (spec: object, subresource = '', status: object = {}) =>
    serviceResource.warnings?.(
      { ...service, spec: { ...service.spec, ...spec }, status } as unknown as ApiObject,
      undefined,
      subresource,
    );
  t.same(said({}), []);
  t.same(said({ externalIPs: ['1.2.3.4'], clusterIPs: ['FD00::1'] }), [
    'spec.clusterIPs[0]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
    'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
  ]);
  t.same(said({ clusterIPs: ['None'], externalIPs: ['1.2.3.4'], sessionAffinity: 'ClientIP' }), [
    'spec.externalIPs is ignored for headless services',
    'spec.SessionAffinity is ignored for headless services',
  ]);
  t.same(said({ externalName: 'a', trafficDistribution: 'PreferClose' }), [
    'spec.externalName is ignored when spec.type is not "ExternalName"',
    'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
  ]);
  const ingress = [{ ip: '01.2.3.4' }];
  t.same(said({}, 'status', { loadBalancer: { ingress } }), [
    'status.loadBalancer.ingress[0]: non-standard IP address "01.2.3.4" is invalid: use "1.2.3.4"',
  ]);
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
    group: '',
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
