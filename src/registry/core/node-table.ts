// The row of a node in `kubectl get nodes`.
import type { Node } from '../../objects.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn, wideColumn } from '../printer-column.ts';
import type { TableShape } from '../resource.ts';

const rolePrefix = 'node-role.kubernetes.io/';

function statusCell(node: Node): string {
  const words: string[] = [];
  const ready = (node.status?.conditions ?? []).find((condition) => condition.type === 'Ready');
  if (ready !== undefined) words.push(ready.status === 'True' ? 'Ready' : 'NotReady');
  if (words.length === 0) words.push('Unknown');
  if (node.spec?.unschedulable === true) words.push('SchedulingDisabled');
  return words.join(',');
}

function rolesCell(node: Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata?.labels ?? {})) {
    if (key.startsWith(rolePrefix)) {
      const role = key.slice(rolePrefix.length);
      if (role !== '') roles.add(role);
    } else if (key === 'kubernetes.io/role' && value !== '') {
      roles.add(value);
    }
  }
  return roles.size === 0 ? '<none>' : [...roles].sort().join(',');
}

function addressCell(node: Node, type: string): string {
  return (
    (node.status?.addresses ?? []).find((address) => address.type === type)?.address ?? '<none>'
  );
}

const addressesDescription =
  'List of addresses reachable to the node. Queried from cloud provider, if available. More ' +
  'info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field ' +
  'is declared as mergeable, but the merge key is not sufficiently unique, which can cause ' +
  'data corruption when it is merged. Callers should instead use a full-replacement patch. ' +
  'See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can ' +
  'change during the lifetime of a Node. However, there are some exceptions where this may ' +
  "not be possible, such as Pods that inherit a Node's address in its own status or " +
  'consumers of the downward API (status.hostIP).';

export const nodeTable: TableShape<Node> = {
  columns: [
    nameColumn,
    column('Status', 'The status of the node'),
    column('Roles', 'The roles of the node'),
    ageColumn,
    column('Version', 'Kubelet Version reported by the node.'),
    wideColumn('Internal-IP', addressesDescription),
    wideColumn('External-IP', addressesDescription),
    wideColumn(
      'OS-Image',
      'OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).',
    ),
    wideColumn(
      'Kernel-Version',
      "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).",
    ),
    wideColumn(
      'Container-Runtime',
      'ContainerRuntime Version reported by the node through runtime remote API (e.g. ' +
        'containerd://1.4.2).',
    ),
  ],
  cells: (node, nowMs) => [
    nameCell(node),
    statusCell(node),
    rolesCell(node),
    ageCell(node, nowMs),
    node.status?.nodeInfo?.kubeletVersion ?? '',
    addressCell(node, 'InternalIP'),
    addressCell(node, 'ExternalIP'),
    node.status?.nodeInfo?.osImage || '<unknown>',
    node.status?.nodeInfo?.kernelVersion || '<unknown>',
    node.status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
  ],
};
