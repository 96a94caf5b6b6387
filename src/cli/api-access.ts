// The few API calls that verbs make themselves, with the administrator's certificate.
import { request } from 'node:https';
import { type Cluster, clusterAccess } from './cluster.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * One request to the cluster's API over a connection of its own.
 *
 * @throws when no answer came within `timeoutMs` (wall time)
 */
export function callApi(
  cluster: Cluster,
  path: string,
  options: {
    readonly method?: string;
    readonly body?: NodeJS.ReadableStream | string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly timeoutMs?: number;
  } = {},
): Promise<ApiAnswer> {
  const access = clusterAccess(cluster);
  return new Promise((resolve, reject) => {
    const call = request(
      `${access.server}${path}`,
      {
        method: options.method ?? 'GET',
        ca: access.certificateAuthority,
        cert: access.clientCertificate,
        key: access.clientKey,
        headers: options.headers ?? {},
        timeout: options.timeoutMs ?? 10_000,
        agent: false,
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        );
      },
    );
    call.on('timeout', () => call.destroy(new Error(`no answer from ${access.server}`)));
    call.on('error', reject);
    const { body } = options;
    if (body === undefined || typeof body === 'string') call.end(body);
    else body.once('error', (error) => call.destroy(error)).pipe(call);
  });
}

/** Whether the server says that it is ready. */
export async function isReady(cluster: Cluster): Promise<boolean> {
  try {
    const { status } = await callApi(cluster, '/readyz', { timeoutMs: 2000 });
    return status === 200;
  } catch {
    return false;
  }
}

interface NodeView {
  readonly name: string;
  readonly ready: boolean;
  /** When its agent last said so; 0 when it never did. */
  readonly heardMs: number;
  readonly address: string;
  readonly version: string;
}

/** The cluster's nodes as the API has them. */
export async function listNodes(cluster: Cluster): Promise<readonly NodeView[]> {
  const { status, body } = await callApi(cluster, '/api/v1/nodes');
  if (status !== 200) throw new Error(`cannot list nodes: the server answered ${status}: ${body}`);
  const { items } = JSON.parse(body) as {
    items: {
      metadata: { name: string };
      status?: {
        conditions?: { type: string; status: string; lastHeartbeatTime?: string }[];
        addresses?: { type: string; address: string }[];
        nodeInfo?: { kubeletVersion?: string };
      };
    }[];
  };
  return items.map(({ metadata, status: node }) => ({
    ...readiness(node?.conditions?.find(({ type }) => type === 'Ready')),
    name: metadata.name,
    address: node?.addresses?.find((each) => each.type === 'InternalIP')?.address ?? '',
    version: node?.nodeInfo?.kubeletVersion ?? '',
  }));
}

function readiness(condition?: { readonly status: string; readonly lastHeartbeatTime?: string }) {
  const heardMs = Date.parse(condition?.lastHeartbeatTime ?? '') || 0;
  return { ready: condition?.status === 'True', heardMs };
}
