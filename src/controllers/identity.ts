// Each controller's own service account: made when missing, its token fetched and kept fresh.
import type { Client } from '../client/client.ts';
import { withToken } from '../client/credentials.ts';
import { serviceAccounts } from '../client/resource-ref.ts';
import { createClient } from '../client/rest-client.ts';
import type { Transport } from '../client/transport.ts';
import type { Clock } from '../clock.ts';
import { isReason } from '../status.ts';

const namespace = 'kube-system';
const tokenSeconds = 3600;
/** The informers and the election speak as the controller manager itself, as upstream's do. */
const ownIdentity: ReadonlySet<string> = new Set(['shared-informers', 'leader-election']);

/**
 * Clients that call as `system:serviceaccount:kube-system:<name>`, as kube-controller-manager's
 * `--use-service-account-credentials` does. `base` must be allowed to create service accounts and
 * tokens in kube-system (system:kube-controller-manager is).
 */
export function serviceAccountClients(
  base: Client,
  options: {
    readonly clock: Clock;
    readonly userAgent?: string;
    /** For the tokens: a certificate on `base`'s own transport would speak louder than they do. */
    readonly transport?: Transport;
  },
): (name: string) => Client {
  const {
    clock,
    userAgent = 'kube-controller-manager',
    transport: bare = base.transport,
  } = options;
  const clients = new Map<string, Client>();
  return (name) => {
    if (ownIdentity.has(name)) return base;
    let client = clients.get(name);
    if (client === undefined) {
      const transport = withToken(bare, tokenSource(base, name, clock));
      client = createClient(transport, { userAgent: `${userAgent}/${name}`, clock });
      clients.set(name, client);
    }
    return client;
  };
}

function tokenSource(base: Client, name: string, clock: Clock) {
  let token: { readonly text: string; readonly renewMs: number } | undefined;
  let fetching: Promise<string> | undefined;
  const fetchToken = async () => {
    const request = { spec: { audiences: [], expirationSeconds: tokenSeconds } };
    let answer = await base.createToken(namespace, name, request).catch(undefinedIfNotFound);
    if (answer === undefined) {
      await base.create(serviceAccounts, { metadata: { name, namespace } }).catch(ignoreExisting);
      answer = await base.createToken(namespace, name, request);
    }
    const text = answer.status?.token ?? '';
    token = { text, renewMs: clock.nowMs() + tokenSeconds * 800 };
    return text;
  };
  return (refresh: boolean): string | Promise<string> => {
    if (!refresh && token !== undefined && clock.nowMs() < token.renewMs) return token.text;
    fetching ??= fetchToken().finally(() => {
      fetching = undefined;
    });
    return fetching;
  };
}

function undefinedIfNotFound(error: unknown): undefined {
  if (!isReason(error, 'NotFound')) throw error;
  return undefined;
}

function ignoreExisting(error: unknown): void {
  if (!isReason(error, 'AlreadyExists')) throw error;
}
