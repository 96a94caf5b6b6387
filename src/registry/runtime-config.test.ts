// What `--runtime-config` turns on and off, and what it refuses.
import t from 'tap';
import { defineResource } from './resource.ts';
import { parseRuntimeConfig, servedSwitch } from './runtime-config.ts';

const schema = 'io.k8s.api.apps.v1.Deployment';
const resource = (kind: string) =>
  defineResource({
    kind,
    plural: `${kind.toLowerCase()}s`,
    singular: kind.toLowerCase(),
    namespaced: true,
    groups: [
      {
        group: 'things.k8s.io',
        versions: [
          { version: 'v1', schema },
          { version: 'v1beta1', schema, served: false },
          { version: 'v1alpha1', schema, served: false },
        ],
      },
    ],
  });
const things = resource('Thing');
const others = resource('Other');

function served(text: string): string {
  const isServed = servedSwitch([things, others], parseRuntimeConfig(text));
  return [things, others]
    .flatMap((each) =>
      (each.groups[0]?.versions ?? [])
        .filter((version) => isServed('things.k8s.io', version, each) ?? version.served ?? true)
        .map(({ version }) => `${version}/${each.plural}`),
    )
    .join(' ');
}

t.test('what is served', (t) => {
  const cases: [config: string, served: string][] = [
    ['', 'v1/things v1/others'],
    ['api/beta=true', 'v1/things v1beta1/things v1/others v1beta1/others'],
    ['api/alpha=true, api/ga=false', 'v1alpha1/things v1alpha1/others'],
    ['api/all=true,api/beta=false', 'v1/things v1alpha1/things v1/others v1alpha1/others'],
    ['api/all=false,things.k8s.io/v1beta1', 'v1beta1/things v1beta1/others'],
    ['things.k8s.io/v1beta1/things=T', 'v1/things v1beta1/things v1/others'],
    ['things.k8s.io/v1=0,things.k8s.io/v1/others=1', 'v1/others'],
    ['things.k8s.io/v1=false,things.k8s.io/v1=true', 'v1/things v1/others'],
    ['apps/v1beta1=true', 'v1/things v1/others'],
  ];
  for (const [config, wanted] of cases) t.equal(served(config), wanted, config);
  t.end();
});

t.test('what is refused', (t) => {
  const cases: [config: string, message: string][] = [
    ['api/all=false', 'invalid runtime-config with only api/all=false'],
    ['things', 'runtime-config invalid key things'],
    ['b.io/v1=true,a.io/v1=true', 'unknown api groups a.io/v1,b.io/v1'],
    ['api/beta=yes', 'invalid value api/beta=yes'],
    ['things.k8s.io/v3', 'group version things.k8s.io/v3 that has not been registered'],
    [
      'things.k8s.io/v1=yes',
      'invalid value of things.k8s.io/v1: yes, err: strconv.ParseBool: parsing "yes": invalid syntax',
    ],
    [
      'things.k8s.io/v1/Things',
      'invalid key things.k8s.io/v1/Things: group/version/resource and resource is always lowercase plural, not "Things"',
    ],
  ];
  for (const [config, message] of cases) t.throws(() => served(config), { message }, config);
  t.end();
});
