// `nodes/proxy`, `pods/proxy` and `services/proxy`: forwards a request to what is behind the object.
import type { Endpoints, Service } from '../../objects.ts';
import { badRequest, notFound, serviceUnavailable } from '../../status.ts';
import type { Dialer, NodeAddress } from '../dialer.ts';
import type { Exchange } from '../exchange.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { ApiResponse } from '../request.ts';
import type { SpecialRequest } from '../router.ts';
import { failureOf } from './node-failure.ts';
import { nodeAddress, podOf } from './node-target.ts';
import { pipeUpgrade } from './upgrade.ts';

interface Parts {
  readonly objects: ObjectReader;
  readonly dialer: Dialer | undefined;
}

const hopHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function nodeProxy({ objects, dialer }: Parts): SpecialRequest {
  return async (exchange) => {
    const [name = ''] = exchange.info.name.split(':');
    return forward(exchange, dialer, await nodeAddress(objects, name));
  };
}

/** Pods and Services are plain sockets behind a node's network; only a dialer that knows the way serves them. */
export function podProxy({ objects, dialer }: Parts): SpecialRequest {
  return async (exchange) => {
    const { name, port, scheme } = targetName(exchange.info.name);
    const pod = await podOf(objects, exchange.info.namespace, name);
    const address = pod.status?.podIP ?? '';
    if (address === '') throw badRequest('address not allowed');
    const declared = pod.spec?.containers[0]?.ports?.[0]?.containerPort;
    const number = port === '' ? (declared ?? 80) : Number(port);
    const to = { node: pod.spec?.nodeName ?? '', address, port: number };
    return forwardPlain(exchange, dialer, to, scheme);
  };
}

export function serviceProxy({ objects, dialer }: Parts): SpecialRequest {
  return async (exchange) => {
    const { namespace } = exchange.info;
    const { name, port, scheme } = targetName(exchange.info.name);
    const service = await objects.fresh<Service>('', 'services', namespace, name);
    if (service === undefined) throw notFound({ group: '', resource: 'services' }, name);
    const ports = service.spec?.ports ?? [];
    const wanted = ports.find(
      (each) => port === '' || each.name === port || String(each.port) === port,
    );
    if (wanted === undefined)
      throw serviceUnavailable(
        `no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`,
      );
    const endpoints = objects.get<Endpoints>('', 'endpoints', namespace, name);
    for (const subset of endpoints?.subsets ?? []) {
      const found = subset.ports?.find((each) => (each.name ?? '') === (wanted.name ?? ''));
      const [address] = subset.addresses ?? [];
      if (found === undefined || address === undefined) continue;
      const to = { node: address.nodeName ?? '', address: address.ip, port: found.port };
      return forwardPlain(exchange, dialer, to, scheme);
    }
    throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  };
}

/** `name`, `name:port` or `scheme:name:port`. */
function targetName(text: string): { scheme: string; name: string; port: string } {
  const parts = text.split(':');
  if (parts.length === 1) return { scheme: '', name: text, port: '' };
  if (parts.length === 2) return { scheme: '', name: parts[0] ?? '', port: parts[1] ?? '' };
  if (parts.length === 3 && (parts[0] === 'http' || parts[0] === 'https' || parts[0] === '')) {
    return { scheme: parts[0], name: parts[1] ?? '', port: parts[2] ?? '' };
  }
  throw badRequest(`invalid proxy request ${JSON.stringify(text)}`);
}

function forwardPlain(
  exchange: Exchange,
  dialer: Dialer | undefined,
  to: NodeAddress,
  scheme: string,
): Promise<ApiResponse> {
  return forward(exchange, dialer, { ...to, scheme: scheme === 'https' ? 'https' : 'http' });
}

async function forward(
  exchange: Exchange,
  dialer: Dialer | undefined,
  to: NodeAddress,
): Promise<ApiResponse> {
  const { request, info } = exchange;
  if (dialer === undefined) throw serviceUnavailable('this server reaches no nodes');
  const tail = info.rawTail === '' ? '/' : info.rawTail;
  const url = `${tail}${info.rawQuery === '' ? '' : `?${info.rawQuery}`}`;
  const shown = `${to.scheme ?? 'https'}://${to.address}:${to.port}${url}`;
  const refuse = (error: unknown): never => {
    throw failureOf(shown, error);
  };
  if (request.upgrade !== undefined) {
    const socket = await dialer.connect(to, request.signal).catch(refuse);
    pipeUpgrade(request, socket, { url, host: `${to.address}:${to.port}` });
    return { status: 101, headers: {}, upgraded: true };
  }
  const answer = await dialer
    .request(to, {
      method: request.method,
      url,
      headers: forwardedHeaders(request.headers),
      body: request.body,
      signal: request.signal,
    })
    .catch(refuse);
  const headers = Object.entries(answer.headers).filter(([name]) => !hopHeaders.has(name));
  return {
    status: answer.status,
    headers: Object.fromEntries(headers),
    body: async (writer) => {
      for await (const chunk of answer.body) await writer.write(chunk);
    },
  };
}

function forwardedHeaders(
  headers: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hopHeaders.has(name) || name.startsWith(':')) continue;
    if (name.startsWith('impersonate-')) continue;
    kept[name] = value;
  }
  return kept;
}
