// A registry over memory for tests: a ConfigMap-like, a workload with spec, status and scale, a pod.
import { VirtualClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import type { ConfigMap, Deployment, Event, Pod } from '../../objects.ts';
import { seededRandom } from '../../random.ts';
import type { Driver } from '../../storage/driver.ts';
import { createMemoryDriver } from '../../storage/memory.ts';
import { ParsedObjects } from '../cache/parsed-objects.ts';
import { FieldPath, invalidValue } from '../field.ts';
import { type ApiObject, defineResource, type Resource } from '../resource.ts';
import { createDecoder } from '../schema/decode.ts';
import { loadTypeTable } from '../schema/table.ts';
import {
  type EngineEnvironment,
  noFieldOwnership,
  noPatchStrategies,
  openAdmission,
} from './ports.ts';
import { ResourceRegistry } from './resource-registry.ts';
import type { ResourceStore } from './resource-store.ts';
import type { RequestContext } from './types.ts';

export const testConfigMaps: Resource = defineResource<ConfigMap>({
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  namespaced: true,
  groups: [{ group: '', versions: [{ version: 'v1', schema: 'io.k8s.api.core.v1.ConfigMap' }] }],
});

export const testDeployments: Resource = defineResource<Deployment>({
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  namespaced: true,
  groups: [
    { group: 'apps', versions: [{ version: 'v1', schema: 'io.k8s.api.apps.v1.Deployment' }] },
  ],
  hasStatus: true,
  validate: ({ spec }) =>
    (spec?.replicas ?? 0) < 0
      ? [invalidValue(FieldPath.of('spec', 'replicas'), spec?.replicas, 'must not be negative')]
      : [],
  scale: {
    specReplicas: (object) => object.spec?.replicas ?? 0,
    setSpecReplicas(object, replicas) {
      if (object.spec !== undefined) object.spec.replicas = replicas;
    },
    statusReplicas: (object) => object.status?.replicas ?? 0,
    selector: () => 'app=web',
  },
});

export const testPods: Resource = defineResource<Pod>({
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  namespaced: true,
  groups: [{ group: '', versions: [{ version: 'v1', schema: 'io.k8s.api.core.v1.Pod' }] }],
  hasStatus: true,
  returnsDeletedObject: true,
  deletionGraceSeconds: (pod, asked) => ((pod.spec?.nodeName ?? '') === '' ? 0 : (asked ?? 30)),
});

export const testEvents: Resource = defineResource<Event>({
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  namespaced: true,
  groups: [
    { group: '', versions: [{ version: 'v1', schema: 'io.k8s.api.core.v1.Event' }] },
    { group: 'events.k8s.io', versions: [{ version: 'v1', schema: 'io.k8s.api.events.v1.Event' }] },
  ],
  ttlMs: () => 3_600_000,
});

/** A registry with the four kinds above, its parts, and shortcuts for requests. */
export interface TestRegistry {
  readonly registry: ResourceRegistry;
  readonly clock: VirtualClock;
  readonly driver: Driver;
  readonly warnings: string[];
  store(plural: string): ResourceStore;
  /** A request on a resource; in namespace `default` unless told. */
  context(plural: string, request?: Partial<RequestContext>): RequestContext;
  /** An object as a client would see it after a read. */
  read(plural: string, name: string): Promise<ApiObject>;
}

export async function createTestRegistry(
  parts: Partial<EngineEnvironment> = {},
): Promise<TestRegistry> {
  const clock = new VirtualClock();
  const driver = createMemoryDriver({ clock });
  const types = loadTypeTable();
  const registry = new ResourceRegistry({
    driver,
    types,
    decode: createDecoder(types),
    parsed: new ParsedObjects(),
    admission: openAdmission,
    ownership: noFieldOwnership,
    patches: noPatchStrategies,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    ...parts,
  });
  for (const each of [testConfigMaps, testDeployments, testPods, testEvents]) registry.add(each);
  await registry.ready();
  const warnings: string[] = [];
  const found = (plural: string) => {
    const first = registry.list().find(({ served }) => served.resource.plural === plural);
    if (first === undefined) throw new Error(`${plural} is not served`);
    return first;
  };
  const context = (plural: string, request: Partial<RequestContext> = {}): RequestContext => ({
    user: { name: 'tester', groups: [] },
    served: found(plural).served,
    namespace: 'default',
    name: '',
    subresource: '',
    dryRun: false,
    fieldManager: 'tests',
    fieldValidation: 'Warn',
    signal: new AbortController().signal,
    warn: (message) => void warnings.push(message),
    ...request,
  });
  return {
    registry,
    clock,
    driver: parts.driver ?? driver,
    warnings,
    store: (plural) => found(plural).store,
    context,
    async read(plural, name) {
      const asked = context(plural, { name });
      const { store } = found(plural);
      return store.present(asked, await store.get(asked));
    },
  };
}
