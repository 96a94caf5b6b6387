// Who a transport speaks as: bearer tokens with refresh, and impersonation.
import type { Transport } from './transport.ts';

/** A token, or where to get the current one; `refresh` is true after the server refused it. */
export type TokenSource = string | ((refresh: boolean) => string | Promise<string>);

/**
 * `transport` with a bearer token on every request. A 401 asks the source once for a fresh token
 * and sends the request again; closing this closes `transport` only when `own` says so.
 */
export function withToken(
  transport: Transport,
  source: TokenSource,
  options: { readonly own?: boolean } = {},
): Transport {
  const tokenOf = (refresh: boolean) => (typeof source === 'string' ? source : source(refresh));
  return {
    async request(request) {
      const send = async (refresh: boolean) => {
        const authorization = `Bearer ${await tokenOf(refresh)}`;
        return transport.request({ ...request, headers: { ...request.headers, authorization } });
      };
      const response = await send(false);
      if (response.status !== 401 || typeof source === 'string') return response;
      for await (const _ of response.body);
      return send(true);
    },
    close: async () => {
      if (options.own === true) await transport.close();
    },
  };
}

/** `transport` with fixed headers on every request (impersonation, tracing). */
export function withHeaders(
  transport: Transport,
  headers: Readonly<Record<string, string>>,
): Transport {
  return {
    request: (request) =>
      transport.request({ ...request, headers: { ...request.headers, ...headers } }),
    close: async () => undefined,
  };
}
