// What this server's health endpoints look at: its store, its start, its end.
import { describeError } from '../logger.ts';
import type { Driver } from '../storage/driver.ts';
import type { HealthCheck, HealthEndpoint } from './health.ts';

export interface ServerState {
  /** Everything that the server makes itself is there. */
  started: boolean;
  closing: boolean;
}

const everywhere: readonly HealthEndpoint[] = ['healthz', 'livez', 'readyz'];
const readyOnly: readonly HealthEndpoint[] = ['readyz'];

/** What is done at start, under the names of upstream's hooks that do it there. */
const startHooks = [
  'poststarthook/start-apiserver-admission-initializer',
  'poststarthook/generic-apiserver-start-informers',
  'poststarthook/priority-and-fairness-config-consumer',
  'poststarthook/priority-and-fairness-filter',
  'poststarthook/start-system-namespaces-controller',
  'poststarthook/start-cluster-authentication-info-controller',
  'poststarthook/start-kube-apiserver-identity-lease-controller',
  'poststarthook/start-service-ip-repair-controllers',
  'poststarthook/rbac/bootstrap-roles',
  'poststarthook/scheduling/bootstrap-system-priority-classes',
  'poststarthook/priority-and-fairness-config-producer',
  'poststarthook/bootstrap-controller',
  'poststarthook/start-kubernetes-service-cidr-controller',
  'poststarthook/apiservice-status-local-available-controller',
  'poststarthook/apiservice-registration-controller',
  'poststarthook/kube-apiserver-autoregistration',
  'autoregister-completion',
];

/** In upstream's order: the process, its store, what it does at start, whether it ends. */
export function serverChecks(driver: Driver, state: ServerState): readonly HealthCheck[] {
  const started = () => (state.started ? undefined : 'not finished');
  const store = async () => {
    try {
      await driver.currentRevision();
      return undefined;
    } catch (error) {
      return describeError(error);
    }
  };
  return [
    { name: 'ping', endpoints: everywhere, check: () => undefined },
    { name: 'log', endpoints: everywhere, check: () => undefined },
    { name: 'etcd', endpoints: everywhere, check: store },
    { name: 'etcd-readiness', endpoints: readyOnly, check: store },
    { name: 'informer-sync', endpoints: readyOnly, check: started },
    ...startHooks.map((name) => ({ name, endpoints: everywhere, check: started })),
    {
      name: 'shutdown',
      endpoints: readyOnly,
      check: () => (state.closing ? 'process is shutting down' : undefined),
    },
  ];
}
