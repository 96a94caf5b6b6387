// The query parameters of operations; their words come from client-node's documentation.
import { readFile } from 'node:fs/promises';
import { generatedFile } from '../../registry/schema/table.ts';

export interface Parameter {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'integer';
  readonly description: string;
}

/** What an operation takes; each set stands in client-node as a request of the core group. */
const requestOf = {
  read: 'ListNamespacedPod',
  list: 'ListNamespacedPod',
  write: 'CreateNamespacedPod',
  patch: 'PatchNamespacedPod',
  delete: 'DeleteNamespacedPod',
  deletecollection: 'DeleteCollectionNamespacedPod',
  log: 'ReadNamespacedPodLog',
  attach: 'ConnectGetNamespacedPodAttach',
  exec: 'ConnectGetNamespacedPodExec',
  portforward: 'ConnectGetNamespacedPodPortforward',
  podProxy: 'ConnectGetNamespacedPodProxy',
  serviceProxy: 'ConnectGetNamespacedServiceProxy',
  nodeProxy: 'ConnectGetNodeProxy',
} as const;

export type ParameterSet = keyof typeof requestOf;

/** The parameters of a set, sorted by name. */
export type Parameters = (set: ParameterSet) => readonly Parameter[];

type Documented = Readonly<
  Record<string, readonly (readonly [string, Parameter['type'], string])[]>
>;

/** Reads what `npm run prepare` has made of client-node's requests. */
export async function readParameters(): Promise<Parameters> {
  const documented = JSON.parse(
    await readFile(generatedFile('parameters.json'), 'utf8'),
  ) as Documented;
  return (set) => {
    const all = (documented[requestOf[set]] ?? []).map(
      ([name, type, description]): Parameter => ({ name, type, description }),
    );
    const taken = set === 'read' ? all.filter(({ name }) => name === 'pretty') : all;
    return taken.sort((a, b) => (a.name < b.name ? -1 : 1));
  };
}
