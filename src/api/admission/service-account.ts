// ServiceAccount: every pod runs as an account of its namespace and gets that account's token.
import type { Pod, ServiceAccount } from '../../objects.ts';
import { nameSuffix, type Random } from '../../random.ts';
import { forbidden, type StatusError } from '../../status.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { AdmissionParts, AdmissionPlugin } from './plugin.ts';
import { refusedName, targetOf } from './plugin.ts';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const mirrorAnnotation = 'kubernetes.io/config.mirror';
/** An hour and seven seconds: clients can tell a default from an asked-for hour. */
const tokenSeconds = 3607;
/** A new namespace gets its default account within this time. */
const defaultAccountTries = 20;
const defaultAccountRetryMs = 50;

type PodSpec = NonNullable<Pod['spec']>;

export function serviceAccount({ objects, random }: AdmissionParts): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    async mutate(attributes) {
      const { context, object, operation } = attributes;
      if (targetOf(attributes) !== 'pods' || operation !== 'CREATE') return;
      const { metadata, spec } = object as unknown as Pod;
      if (spec === undefined) return;
      const refuse = (why: string) =>
        forbidden({ group: '', resource: 'pods' }, refusedName({ context, object }), why);
      if (metadata?.annotations?.[mirrorAnnotation] !== undefined) {
        checkMirrorPod(spec, refuse);
        return;
      }
      const name = spec.serviceAccountName || 'default';
      spec.serviceAccountName = name;
      spec.serviceAccount = name;
      const account = await findAccount(objects, context.namespace, name);
      if (account === undefined) {
        throw refuse(
          `error looking up service account ${context.namespace}/${name}: ` +
            `serviceaccount ${JSON.stringify(name)} not found`,
        );
      }
      const mounts =
        spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
      if (mounts) mountToken(spec, random);
      if ((spec.imagePullSecrets ?? []).length === 0 && account.imagePullSecrets?.length) {
        spec.imagePullSecrets = account.imagePullSecrets.map((each) => ({ ...each }));
      }
    },
  };
}

/** The kubelet's mirrors of static pods have no account and may not reach for one. */
function checkMirrorPod(spec: PodSpec, refuse: (why: string) => StatusError): void {
  if (spec.serviceAccountName) throw refuse('a mirror pod may not reference service accounts');
  for (const volume of spec.volumes ?? []) {
    if (volume.secret != null) throw refuse('a mirror pod may not reference secrets');
    if (volume.projected?.sources?.some((each) => each.serviceAccountToken != null)) {
      throw refuse('a mirror pod may not use ServiceAccountToken volume projections');
    }
  }
}

async function findAccount(
  objects: ObjectReader,
  namespace: string,
  name: string,
): Promise<ServiceAccount | undefined> {
  const tries = name === 'default' ? defaultAccountTries : 1;
  for (let i = 0; ; i++) {
    const found = await objects.fresh<ServiceAccount>('', 'serviceaccounts', namespace, name);
    if (found !== undefined || i + 1 >= tries) return found;
    // Wall time: what is waited for is another component's work, not the cluster's clock.
    await new Promise((resolve) => setTimeout(resolve, defaultAccountRetryMs));
  }
}

function mountToken(spec: PodSpec, random: Random): void {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const lacking = containers.filter(
    (container) => !container.volumeMounts?.some((mount) => mount.mountPath === mountPath),
  );
  if (lacking.length === 0) return;
  const volumes = spec.volumes ?? [];
  const known = volumes.find((volume) => volume.name.startsWith('kube-api-access-'));
  const name = known?.name ?? `kube-api-access-${nameSuffix(random)}`;
  if (known === undefined) spec.volumes = [...volumes, tokenVolume(name)];
  for (const container of lacking) {
    const mount = { name, readOnly: true, mountPath };
    container.volumeMounts = [...(container.volumeMounts ?? []), mount];
  }
}

function tokenVolume(name: string): NonNullable<PodSpec['volumes']>[number] {
  const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.namespace' };
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef }] } },
      ],
    },
  };
}
