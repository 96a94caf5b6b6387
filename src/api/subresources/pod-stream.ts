// `pods/exec`, `attach` and `portforward`: hands the client's upgraded connection to the node's agent.
import type { Pod } from '../../objects.ts';
import { badRequest, serviceUnavailable } from '../../status.ts';
import type { Dialer } from '../dialer.ts';
import type { Exchange } from '../exchange.ts';
import type { ObjectReader } from '../object-reader.ts';
import { readBoolean } from '../query-options.ts';
import type { ApiResponse } from '../request.ts';
import type { SpecialRequest } from '../router.ts';
import { failureOf } from './node-failure.ts';
import { containerOf, nodeOfPod, podOf } from './node-target.ts';
import { pipeUpgrade } from './upgrade.ts';

interface Parts {
  readonly objects: ObjectReader;
  readonly dialer: Dialer | undefined;
}

export type StreamKind = 'exec' | 'attach' | 'portforward';

export function podStream({ objects, dialer }: Parts, kind: StreamKind): SpecialRequest {
  return async (exchange) => {
    const { info } = exchange;
    const pod = await podOf(objects, info.namespace, info.name);
    const url = kind === 'portforward' ? forwardUrl(exchange) : streamUrl(exchange, pod, kind);
    const to = await nodeOfPod(objects, pod);
    if (exchange.request.upgrade === undefined) throw badRequest('Upgrade request required');
    if (dialer === undefined) throw serviceUnavailable('this server reaches no nodes');
    const socket = await dialer.connect(to, exchange.request.signal).catch((error: unknown) => {
      throw failureOf(`https://${to.address}:${to.port}${url}`, error);
    });
    pipeUpgrade(exchange.request, socket, { url, host: `${to.address}:${to.port}` });
    const answer: ApiResponse = { status: 101, headers: {}, upgraded: true };
    return answer;
  };
}

function streamUrl(exchange: Exchange, pod: Pod, kind: 'exec' | 'attach'): string {
  const { namespace, name, query } = exchange.info;
  const container = containerOf(pod, query.get('container') ?? '');
  const flag = (option: string) => readBoolean(query, option) === true;
  const asked = new URLSearchParams();
  // The kubelet's own names for what PodExecOptions calls stdin, stdout, stderr and tty.
  if (flag('stdin')) asked.set('input', '1');
  if (flag('stdout')) asked.set('output', '1');
  if (flag('stderr') && !flag('tty')) asked.set('error', '1');
  if (flag('tty')) asked.set('tty', '1');
  if (![...asked.keys()].some((key) => key !== 'tty')) {
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  }
  if (kind === 'exec') {
    const command = query.getAll('command');
    if (command.length === 0) throw badRequest('you must specify a command');
    for (const each of command) asked.append('command', each);
  }
  const path = [namespace, name, container].map(encodeURIComponent).join('/');
  return `/${kind}/${path}?${asked}`;
}

function forwardUrl(exchange: Exchange): string {
  const { namespace, name, query } = exchange.info;
  const ports = query.getAll('ports').flatMap((each) => each.split(','));
  const asked = new URLSearchParams();
  for (const port of ports) {
    if (!/^\d+$/.test(port)) throw badRequest(`unable to parse ${JSON.stringify(port)} as a port`);
    asked.append('port', port);
  }
  const path = [namespace, name].map(encodeURIComponent).join('/');
  return `/portForward/${path}${ports.length === 0 ? '' : `?${asked}`}`;
}
