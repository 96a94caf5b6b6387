// Golden: defaults, errors, warnings and rows of Ingress, IngressClass, NetworkPolicy, IPAddress and ServiceCIDR.
import t, { type Test } from 'tap';
import { ingressResource } from '../networking/ingress.ts';
import { ingressClassResource } from '../networking/ingress-class.ts';
import { ipAddressResource } from '../networking/ip-address.ts';
import { networkPolicyResource } from '../networking/network-policy.ts';
import { serviceCidrResource } from '../networking/service-cidr.ts';
import type { ApiObject, Resource } from '../resource.ts';
import { allUpdateErrors, createErrors, defaulted, row, withValue } from './golden.ts';

const created = '2025-12-30T00:00:00Z';
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', " +
  "and must start and end with an alphanumeric character (e.g. 'example.com', regex used for " +
  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

type Cases = readonly (readonly [path: string, value: unknown, errors: readonly string[]])[];

function refuses(t: Test, resource: Resource, object: object, cases: Cases): void {
  t.same(createErrors(resource, object), []);
  for (const [path, value, errors] of cases) {
    const label = `${path} ${JSON.stringify(value)}`;
    t.same(createErrors(resource, withValue(object, path, value)), errors, label);
  }
}

function warned(resource: Resource, object: object, old?: object, subresource = ''): unknown {
  return resource.warnings?.(object as ApiObject, old as ApiObject | undefined, subresource);
}

const service = { name: 'web', port: { number: 80 } };
const ingress = {
  metadata: { name: 'i', namespace: 'default', annotations: {} },
  spec: {
    rules: [
      {
        host: 'a.example.com',
        http: { paths: [{ path: '/a', pathType: 'Prefix', backend: { service } }] },
      },
    ],
  },
};

t.test('Ingress is refused', (t) => {
  const rule = 'spec.rules.0';
  const path = `${rule}.http.paths.0`;
  const at = 'spec.rules[0].http.paths[0]';
  refuses(t, ingressResource, ingress, [
    [
      'spec',
      {},
      ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
    ],
    [
      `${rule}.host`,
      '10.0.0.1',
      ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
    ],
    [`${rule}.host`, 'A', [`spec.rules[0].host: Invalid value: "A": ${subdomain}`]],
    [`${rule}.host`, '*.example.com', []],
    [`${rule}.http.paths`, [], ['spec.rules[0].http.paths: Required value']],
    [`${path}.pathType`, undefined, [`${at}.pathType: Required value: pathType must be specified`]],
    [
      `${path}.pathType`,
      'Magic',
      [
        `${at}.pathType: Unsupported value: "Magic": supported values: "Exact", ` +
          '"ImplementationSpecific", "Prefix"',
      ],
    ],
    [
      `${path}.path`,
      'a//b/..',
      [
        `${at}.path: Invalid value: "a//b/..": must be an absolute path`,
        `${at}.path: Invalid value: "a//b/..": must not contain '//'`,
        `${at}.path: Invalid value: "a//b/..": cannot end with '/..'`,
      ],
    ],
    [
      `${path}.backend`,
      {},
      [`${at}.backend: Invalid value: "": resource or service backend is required`],
    ],
    [
      `${path}.backend`,
      { service, resource: { kind: 'K', name: 'n' } },
      [`${at}.backend: Invalid value: "": cannot set both resource and service backends`],
    ],
    [
      `${path}.backend`,
      { resource: { apiGroup: 'g', kind: '', name: 'a/b' } },
      [
        `${at}.backend.resource.kind: Required value`,
        `${at}.backend.resource.name: Invalid value: "a/b": may not contain '/'`,
      ],
    ],
    [
      `${path}.backend.service.port`,
      {},
      [`${at}.backend: Required value: port name or number is required`],
    ],
    [
      `${path}.backend.service.port`,
      { name: 'http', number: 80 },
      [`${at}.backend: Invalid value: "": cannot set both port name & port number`],
    ],
    ['spec.tls', [{ hosts: ['A'] }], [`spec.tls[0].hosts[0]: Invalid value: "A": ${subdomain}`]],
    ['spec.ingressClassName', 'A', [`spec.ingressClassName: Invalid value: "A": ${subdomain}`]],
  ]);
  const annotated = withValue(ingress, 'metadata.annotations', {
    'kubernetes.io/ingress.class': 'old',
  });
  t.same(createErrors(ingressResource, withValue(annotated, 'spec.ingressClassName', 'new')), [
    'annotations.kubernetes.io/ingress.class: Invalid value: "old": must match ' +
      '`ingressClassName` when both are specified',
  ]);
  t.same(warned(ingressResource, annotated), [
    'annotation "kubernetes.io/ingress.class" is deprecated, please use ' +
      "'spec.ingressClassName' instead",
  ]);
  t.end();
});

t.test('Ingress may keep what it was stored with', (t) => {
  const tls = withValue(ingress, 'spec.tls', [{ secretName: 'Bad' }]);
  t.same(allUpdateErrors(ingressResource, tls, tls), []);
  t.not(createErrors(ingressResource, tls).length, 0);
  const status = (ip: string) => ({ ...ingress, status: { loadBalancer: { ingress: [{ ip }] } } });
  const check = (next: string, old: string) =>
    ingressResource
      .validateStatusUpdate?.(
        status(next) as unknown as ApiObject,
        status(old) as unknown as ApiObject,
        {} as never,
      )
      .map(({ field, message }) => `${field}: ${message}`);
  t.same(check('010.0.0.1', '010.0.0.1'), []);
  t.same(check('010.0.0.1', '10.0.0.1'), [
    'status.loadBalancer.ingress[0].ip: Invalid value: "010.0.0.1": must not have leading 0s',
  ]);
  t.same(warned(ingressResource, status('010.0.0.1'), ingress, 'status'), [
    'status.loadBalancer.ingress[0]: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"',
  ]);
  t.end();
});

t.test('Ingress rows', (t) => {
  const hosts = ['a', 'b', 'c', 'd', 'e'].map((host) => ({ host }));
  t.same(
    row(ingressResource, {
      metadata: { name: 'i', creationTimestamp: created },
      spec: { ingressClassName: 'nginx', rules: hosts, tls: [{}] },
      status: { loadBalancer: { ingress: [{ hostname: 'z' }, { ip: '1.2.3.4' }] } },
    }),
    ['i', 'nginx', 'a,b,c + 2 more...', '1.2.3.4,z', '80, 443', '2d'],
  );
  const bare = { metadata: { name: 'i', creationTimestamp: created }, spec: {} };
  t.same(row(ingressResource, bare), ['i', '<none>', '*', '', '80', '2d']);
  t.end();
});

t.test('IngressClass', (t) => {
  const object = {
    metadata: {
      name: 'c',
      creationTimestamp: created,
      annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' },
    },
    spec: { controller: 'acme.io/foo', parameters: { apiGroup: 'g.io', kind: 'K', name: 'n' } },
  };
  t.match(defaulted(ingressClassResource, object).spec, { parameters: { scope: 'Cluster' } });
  refuses(t, ingressClassResource, object, [
    ['spec.controller', '', ['spec.controller: Required value']],
    [
      'spec.controller',
      'acme',
      [
        'spec.controller: Invalid value: "acme": must be a domain-prefixed path ' +
          '(such as "acme.io/foo")',
      ],
    ],
    [
      'spec.controller',
      'a/ ',
      [
        'spec.controller: Invalid value: " ": Invalid path (regex used for validation is ' +
          "'[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')",
      ],
    ],
    [
      'spec.controller',
      `a/${'b'.repeat(249)}`,
      ['spec.controller: Too long: may not be more than 250 bytes'],
    ],
    [
      'spec.parameters.scope',
      'Namespace',
      ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    ],
    [
      'spec.parameters.scope',
      'World',
      [
        'spec.parameters.scope: Unsupported value: "World": supported values: "Cluster", "Namespace"',
      ],
    ],
    [
      'spec.parameters.namespace',
      'n',
      ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
    ],
  ]);
  const moved = withValue(object, 'spec.controller', 'acme.io/bar');
  t.same(allUpdateErrors(ingressClassResource, moved, object), [
    'spec.controller: Invalid value: "acme.io/bar": field is immutable',
  ]);
  t.same(row(ingressClassResource, object), ['c (default)', 'acme.io/foo', 'K.g.io/n', '2d']);
  t.end();
});

const policy = {
  metadata: { name: 'p', creationTimestamp: created },
  spec: {
    podSelector: { matchLabels: { app: 'web' } },
    ingress: [
      {
        ports: [{ port: 80 }],
        from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }],
      },
    ],
  },
};

t.test('NetworkPolicy', (t) => {
  t.match(defaulted(networkPolicyResource, policy).spec, {
    policyTypes: ['Ingress'],
    ingress: [{ ports: [{ protocol: 'TCP' }] }],
  });
  t.same(defaulted(networkPolicyResource, { spec: { podSelector: {}, egress: [{}] } }).spec, {
    podSelector: {},
    egress: [{}],
    policyTypes: ['Ingress', 'Egress'],
  });
  const port = 'spec.ingress[0].ports[0]';
  const from = 'spec.ingress[0].from[0]';
  const ports = (value: object) => ['spec.ingress.0.ports', [value]] as const;
  const peer = (value: object) => ['spec.ingress.0.from', [value]] as const;
  refuses(t, networkPolicyResource, policy, [
    [
      ...ports({ protocol: 'ICMP' }),
      [`${port}.protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"`],
    ],
    [
      ...ports({ port: 80, endPort: 70 }),
      [`${port}.endPort: Invalid value: 80: must be greater than or equal to \`port\``],
    ],
    [
      ...ports({ port: 'http', endPort: 70 }),
      [`${port}.endPort: Invalid value: 70: may not be specified when \`port\` is non-numeric`],
    ],
    [
      ...ports({ endPort: 70 }),
      [`${port}.endPort: Invalid value: 70: may not be specified when \`port\` is not specified`],
    ],
    [...peer({}), [`${from}: Required value: must specify a peer`]],
    [
      ...peer({ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }),
      [`${from}: Forbidden: may not specify both ipBlock and another peer`],
    ],
    [...peer({ ipBlock: { cidr: '' } }), [`${from}.ipBlock.cidr: Required value`]],
    [
      ...peer({ ipBlock: { cidr: '10.0.0.1/8' } }),
      [
        `${from}.ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the ` +
          'prefix length',
      ],
    ],
    [
      ...peer({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8', '11.0.0.0/16'] } }),
      [
        `${from}.ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of \`cidr\``,
        `${from}.ipBlock.except[1]: Invalid value: "11.0.0.0/16": must be a strict subset of \`cidr\``,
      ],
    ],
    [
      'spec.policyTypes',
      ['Ingress', 'Egress', 'Ingress'],
      [
        'spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more ' +
          'than two policyTypes',
      ],
    ],
    [
      'spec.policyTypes',
      ['Sideways'],
      ['spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Ingress", "Egress"'],
    ],
  ]);
  const loose = withValue(policy, ...peer({ ipBlock: { cidr: '010.0.0.1/8' } }));
  t.same(allUpdateErrors(networkPolicyResource, loose, loose), [], 'known CIDRs stay');
  t.same(warned(networkPolicyResource, loose), [
    `${from}.ipBlock.cidr: CIDR value "010.0.0.1/8" is ambiguous in this context (should be ` +
      '"10.0.0.0/8" or "10.0.0.1/32"?)',
    `${from}.ipBlock.cidr: non-standard CIDR value "010.0.0.1/8" is invalid: use "10.0.0.0/8"`,
  ]);
  const six = withValue(policy, ...peer({ ipBlock: { cidr: '2001:DB8:0::/64' } }));
  t.same(warned(networkPolicyResource, six), [
    `${from}.ipBlock.cidr: IPv6 CIDR value "2001:DB8:0::/64" should be in RFC 5952 canonical ` +
      'format ("2001:db8::/64")',
  ]);
  t.same(row(networkPolicyResource, policy), ['p', 'app=web', '2d']);
  t.end();
});

t.test('IPAddress', (t) => {
  const parentRef = { resource: 'services', namespace: 'default', name: 'web' };
  const object = {
    metadata: { name: '10.96.0.1', creationTimestamp: created },
    spec: { parentRef },
  };
  const names: [string, string[]][] = [
    ['10.96.0.1', []],
    ['2001:db8::1', []],
    ['x', ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    ['10.96.0.01', ['must not have leading 0s']],
    ['::ffff:1.2.3.4', ['must not be an IPv4-mapped IPv6 address']],
    ['2001:DB8::1', ['must be in canonical form ("2001:db8::1")']],
  ];
  for (const [name, wrong] of names) {
    t.same(ipAddressResource.validateName?.(name, false), wrong, name);
  }
  refuses(t, ipAddressResource, object, [
    ['spec.parentRef', undefined, ['spec.parentRef: Required value']],
    [
      'spec.parentRef',
      { namespace: 'a/b' },
      [
        'spec.parentRef.resource: Required value',
        'spec.parentRef.name: Required value',
        'spec.parentRef.namespace: Invalid value: "a/b": may not contain \'/\'',
      ],
    ],
  ]);
  t.same(
    allUpdateErrors(ipAddressResource, withValue(object, 'spec.parentRef.name', 'db'), object),
    [
      'spec.parentRef: Invalid value: {"Group":"","Resource":"services","Namespace":"default",' +
        '"Name":"db"}: field is immutable',
    ],
  );
  t.same(row(ipAddressResource, object), ['10.96.0.1', 'services/default/web', '2d']);
  t.end();
});

t.test('ServiceCIDR', (t) => {
  const object = {
    metadata: { name: 'c', creationTimestamp: created },
    spec: { cidrs: ['10.96.0.0/16', '2001:db8::/112'] },
  };
  refuses(t, serviceCidrResource, object, [
    ['spec.cidrs', [], ['spec.cidrs: Required value: at least one CIDR required']],
    [
      'spec.cidrs',
      ['a', 'b', 'c'],
      ['spec.cidrs: Invalid value: {"CIDRs":["a","b","c"]}: may only hold up to 2 values'],
    ],
    [
      'spec.cidrs',
      ['10.0.0.0/8', '11.0.0.0/8'],
      [
        'spec.cidrs: Invalid value: ["10.0.0.0/8","11.0.0.0/8"]: may specify no more than one IP ' +
          'for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ],
    ],
    [
      'spec.cidrs',
      ['2001:DB8::/64'],
      [
        'spec.cidrs[0]: Invalid value: "2001:DB8::/64": must be in canonical form ("2001:db8::/64")',
      ],
    ],
  ]);
  const to = (cidrs: string[], from: string[]) =>
    allUpdateErrors(
      serviceCidrResource,
      withValue(object, 'spec.cidrs', cidrs),
      withValue(object, 'spec.cidrs', from),
    );
  t.same(to(['10.96.0.0/16'], ['10.96.0.0/16']), []);
  t.same(to(['10.97.0.0/16'], ['10.96.0.0/16']), [
    'spec.cidrs[0]: Invalid value: "10.97.0.0/16": field is immutable',
  ]);
  t.same(to(['10.96.0.0/16', '2001:db8::/112'], ['10.96.0.0/16']), []);
  t.same(to(['10.96.0.0/16'], ['10.96.0.0/16', '2001:db8::/112']), [
    'spec.cidrs: Invalid value: ["10.96.0.0/16"]: field is immutable',
  ]);
  t.same(row(serviceCidrResource, object), ['c', '10.96.0.0/16,2001:db8::/112', '2d']);
  t.end();
});
