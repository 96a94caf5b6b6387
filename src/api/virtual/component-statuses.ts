// componentstatuses: asks the store and the leases of controllers and scheduler how they are.
import type { Clock } from '../../clock.ts';
import { describeError } from '../../logger.ts';
import type { ComponentStatus, Lease } from '../../objects.ts';
import { compileSelection, matches } from '../../registry/cache/selection.ts';
import { componentStatusTable } from '../../registry/core/component-status.ts';
import { notFound } from '../../status.ts';
import type { Driver } from '../../storage/driver.ts';
import { objectAnswer } from '../answers.ts';
import { addWarning, type Exchange } from '../exchange.ts';
import { type Negotiated, negotiate, refusal } from '../negotiation.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { SpecialRequest } from '../router.ts';

interface Parts {
  readonly objects: ObjectReader;
  readonly driver: Driver;
  readonly clock: Clock;
  /** Components that end with this server: while it answers, they run. */
  readonly ownComponents: readonly string[];
}

const leases: ReadonlyMap<string, string> = new Map([
  ['controller-manager', 'kube-controller-manager'],
  ['scheduler', 'kube-scheduler'],
]);
/** Upstream's name for the first store, whatever the store is. */
const store = 'etcd-0';
const names: readonly string[] = ['controller-manager', store, 'scheduler'];

/** Undefined: well; else why not. */
async function ailmentOf(name: string, parts: Parts): Promise<string | undefined> {
  if (name === store) {
    try {
      await parts.driver.currentRevision();
      return undefined;
    } catch (error) {
      return describeError(error);
    }
  }
  if (parts.ownComponents.includes(name)) return undefined;
  const leaseName = leases.get(name) ?? name;
  const group = 'coordination.k8s.io';
  const lease = parts.objects.get<Lease>(group, 'leases', 'kube-system', leaseName);
  const { holderIdentity, renewTime, leaseDurationSeconds = 0 } = lease?.spec ?? {};
  if (!holderIdentity || renewTime === undefined) return `nobody holds the lease ${leaseName}`;
  const endsMs = Date.parse(renewTime) + leaseDurationSeconds * 1000;
  if (endsMs >= parts.clock.nowMs()) return undefined;
  return `${holderIdentity} has not renewed the lease ${leaseName} since ${renewTime}`;
}

async function statusOf(name: string, parts: Parts): Promise<ComponentStatus> {
  const ailment = await ailmentOf(name, parts);
  const status = ailment === undefined ? 'True' : 'False';
  const condition = { type: 'Healthy', status, message: ailment ?? 'ok' };
  return { metadata: { name }, conditions: [condition] };
}

export function componentStatuses(parts: Parts): SpecialRequest {
  return async (exchange, found) => {
    const { info, request } = exchange;
    const negotiated = negotiate(request, info.query, { table: true, partial: true });
    addWarning(exchange, 'v1 ComponentStatus is deprecated in v1.19+');
    if (info.verb === 'get') {
      if (!names.includes(info.name)) {
        throw notFound({ group: '', resource: 'componentstatus' }, info.name);
      }
      return answer(exchange, negotiated, [await statusOf(info.name, parts)], false);
    }
    const selection = compileSelection(found.served.resource, {
      namespace: '',
      labelSelector: info.query.get('labelSelector') ?? '',
      fieldSelector: info.query.get('fieldSelector') ?? '',
    });
    const header = { namespace: '', uid: '', labels: {}, fields: {}, ownerUids: [] };
    const chosen = names.filter((name) => matches(selection, { ...header, name }));
    const statuses = await Promise.all(chosen.map((name) => statusOf(name, parts)));
    return answer(exchange, negotiated, statuses, true);
  };
}

const typeMeta = { kind: 'ComponentStatus', apiVersion: 'v1' };

function answer(
  exchange: Exchange,
  negotiated: Negotiated,
  statuses: readonly ComponentStatus[],
  isList: boolean,
) {
  const [first] = statuses;
  const whole = isList
    ? { kind: 'ComponentStatusList', apiVersion: 'v1', metadata: {}, items: statuses }
    : { ...typeMeta, ...first };
  const shapes = {
    object: () => whole,
    discovery: () => whole,
    table: () => tableOf(exchange, negotiated, statuses),
    partial: () => metadataOf(negotiated, statuses, isList),
  };
  const object = shapes[negotiated.shape]();
  return objectAnswer(200, object, negotiated, exchange.protobuf);
}

function metadataOf(
  { asList, metaVersion }: Negotiated,
  statuses: readonly ComponentStatus[],
  isList: boolean,
) {
  if (asList !== isList) {
    throw refusal(
      isList
        ? 'you requested PartialObjectMetadata, but the requested object is a list ' +
            '(*core.ComponentStatusList)'
        : 'you requested PartialObjectMetadataList, but the requested object is not a list ' +
            '(*core.ComponentStatus)',
    );
  }
  const apiVersion = `meta.k8s.io/${metaVersion}`;
  const kind = 'PartialObjectMetadata';
  const items = statuses.map(({ metadata }) => ({ kind, apiVersion, metadata }));
  if (isList) return { kind: `${kind}List`, apiVersion, metadata: {}, items };
  return { kind, apiVersion, ...items[0] };
}

function tableOf(
  { info }: Exchange,
  { metaVersion }: Negotiated,
  statuses: readonly ComponentStatus[],
) {
  const include = info.query.get('includeObject');
  const apiVersion = `meta.k8s.io/${metaVersion}`;
  const shown = (status: ComponentStatus) => {
    if (include === 'None') return null;
    if (include === 'Object') return { ...typeMeta, ...status };
    return { kind: 'PartialObjectMetadata', apiVersion, metadata: status.metadata };
  };
  const { columns, cells } = componentStatusTable;
  return {
    kind: 'Table',
    apiVersion,
    metadata: {},
    columnDefinitions: columns.map(({ name, type, format = '', description, priority }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
    rows: statuses.map((status) => ({ cells: cells(status, 0), object: shown(status) })),
  };
}
