// `nodes/proxy`, `pods/proxy` and `services/proxy`: forwards a request to what is behind the object.
import { isIP } from 'node:net';
import { describeError } from '../../logger.ts';
import type { Endpoints, Pod, Service } from '../../objects.ts';
import type { Random } from '../../random.ts';
import { badRequest, notFound, serviceUnavailable } from '../../status.ts';
import type { Dialer, NodeAddress } from '../dialer.ts';
import type { Exchange } from '../exchange.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import type { SpecialRequest } from '../router.ts';
import { nodeAddress, podOf } from './node-target.ts';
import { rewriteLinks } from './proxy-links.ts';
import { pipeUpgrade } from './upgrade.ts';

interface Parts {
  readonly objects: ObjectReader;
  readonly dialer: Dialer | undefined;
}

interface ServiceParts extends Parts {
  readonly random: Random;
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

export function podProxy({ objects, dialer }: Parts): SpecialRequest {
  return async (exchange) => {
    const { name, port, scheme } = targetName(exchange.info.name, 'pod');
    const pod = await podOf(objects, exchange.info.namespace, name);
    const address = proxyableAddress(pod);
    const declared = pod.spec?.containers.find((each) => (each.ports ?? []).length > 0)?.ports?.[0];
    const usual = scheme === 'https' ? 443 : 80;
    const number = port === '' ? (declared?.containerPort ?? usual) : portNumber(port);
    const to = await workloadAddress(objects, pod, address, number, scheme);
    return forward(exchange, dialer, to);
  };
}

export function serviceProxy({ objects, dialer, random }: ServiceParts): SpecialRequest {
  return async (exchange) => {
    const { namespace } = exchange.info;
    const { name, port, scheme } = targetName(exchange.info.name, 'service');
    const portName = await servicePortName(objects, namespace, name, port);
    const endpoints = await objects.fresh<Endpoints>('', 'endpoints', namespace, name);
    if (endpoints === undefined) throw notFound({ group: '', resource: 'endpoints' }, name);
    const none = (whom: string) =>
      serviceUnavailable(`no endpoints available for service ${JSON.stringify(whom)}`);
    const subsets = endpoints.subsets ?? [];
    if (subsets.length === 0) throw none(name);
    for (const subset of rotated(subsets, random)) {
      const found = subset.ports?.find((each) => (each.name ?? '') === portName);
      if (found === undefined) continue;
      for (const { ip, targetRef } of rotated(subset.addresses ?? [], random)) {
        // Only what really is a pod's address: an Endpoints object may name any.
        if (targetRef?.kind !== 'Pod') continue;
        const pod = objects.get<Pod>('', 'pods', namespace, targetRef.name ?? '');
        if (!pod?.status?.podIPs?.some((each) => each.ip === ip)) continue;
        const to = await workloadAddress(objects, pod, ip, found.port, scheme);
        return forward(exchange, dialer, to);
      }
    }
    throw none(exchange.info.name);
  };
}

/** The name of the port that a proxy request means, which may be given as a number. */
async function servicePortName(
  objects: ObjectReader,
  namespace: string,
  name: string,
  port: string,
): Promise<string> {
  if (!/^[+-]?\d+$/.test(port)) return port;
  const service = await objects.fresh<Service>('', 'services', namespace, name);
  if (service === undefined) throw notFound({ group: '', resource: 'services' }, name);
  const wanted = service.spec?.ports?.find((each) => each.port === Number(port));
  if (wanted !== undefined) return wanted.name ?? '';
  throw serviceUnavailable(
    `no service port ${Number(port)} found for service ${JSON.stringify(name)}`,
  );
}

function rotated<T>(items: readonly T[], random: Random): readonly T[] {
  const from = Math.floor(random.next() * items.length);
  return [...items.slice(from), ...items.slice(0, from)];
}

function proxyableAddress(pod: Pod): string {
  const address = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '';
  const local =
    /^(127\.|169\.254\.|0\.0\.0\.0$|255\.255\.255\.255$|22[4-9]\.|23\d\.|::1?$|fe80:|ff)/i;
  if (isIP(address) === 0 || local.test(address)) throw badRequest('address not allowed');
  return address;
}

function portNumber(port: string): number {
  const number = Number(port);
  if (Number.isInteger(number) && number > 0 && number < 65536) return number;
  throw badRequest(`invalid port ${JSON.stringify(port)}`);
}

/** Pods are reached from their own nodes. */
async function workloadAddress(
  objects: ObjectReader,
  pod: Pod,
  address: string,
  port: number,
  scheme: 'http' | 'https',
): Promise<NodeAddress> {
  const node = pod.spec?.nodeName ?? '';
  const via = await nodeAddress(objects, node);
  return { node, address, port, scheme, via, workload: true };
}

/** `name`, `name:port` or `scheme:name:port`. */
function targetName(
  text: string,
  kind: string,
): { scheme: 'http' | 'https'; name: string; port: string } {
  const parts = text.split(':');
  if (parts.length === 1 && text !== '') return { scheme: 'http', name: text, port: '' };
  const [first = '', second = '', third = ''] = parts;
  if (parts.length === 2 && first !== '') return { scheme: 'http', name: first, port: second };
  const scheme = first === '' ? 'http' : first;
  if (parts.length === 3 && second !== '' && (scheme === 'http' || scheme === 'https')) {
    return { scheme, name: second, port: third };
  }
  throw badRequest(`invalid ${kind} request ${JSON.stringify(text)}`);
}

async function forward(
  exchange: Exchange,
  dialer: Dialer | undefined,
  to: NodeAddress,
): Promise<ApiResponse> {
  const { request, info } = exchange;
  if (dialer === undefined) throw serviceUnavailable('this server reaches no nodes');
  const query = info.rawQuery === '' ? '' : `?${info.rawQuery}`;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (info.rawTail === '' && isRead && request.upgrade === undefined) {
    const [path = ''] = request.url.split('?');
    return { status: 301, headers: { location: `${path}/${query}` } };
  }
  const url = `${info.rawTail === '' ? '/' : info.rawTail}${query}`;
  const refuse = (error: unknown): never => {
    throw serviceUnavailable(`error trying to reach service: ${describeError(error)}`);
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
      headers: { ...forwardedHeaders(request.headers), ...forwardedFor(request) },
      body: request.body,
      signal: request.signal,
    })
    .catch(refuse);
  const kept = Object.entries(answer.headers).filter(([name]) => !hopHeaders.has(name));
  return rewriteLinks(exchange, to, {
    status: answer.status,
    headers: Object.fromEntries(kept),
    body: answer.body,
  });
}

function forwardedFor({ headers, remoteAddress, url }: ApiRequest): Record<string, string> {
  const before = headers['x-forwarded-for'];
  const address = remoteAddress ?? '';
  const chain = [before, address].filter((each) => each !== undefined && each !== '');
  return {
    'x-forwarded-uri': url.split('?')[0] ?? '',
    'x-forwarded-host': headers.host ?? headers[':authority'] ?? '',
    'x-forwarded-proto': 'https',
    ...(chain.length === 0 ? {} : { 'x-forwarded-for': chain.join(', ') }),
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
