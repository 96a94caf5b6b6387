// `pods/log`: streams a container's log from its node.
import { type FieldError, FieldPath, forbiddenField, invalidValue } from '../../registry/field.ts';
import { internalError, invalid, serviceUnavailable } from '../../status.ts';
import type { Dialer } from '../dialer.ts';
import type { ObjectReader } from '../object-reader.ts';
import { readBoolean, readInteger } from '../query-options.ts';
import type { ApiResponse } from '../request.ts';
import type { SpecialRequest } from '../router.ts';
import { asksForWebSocket } from '../websocket.ts';
import { failureOf } from './node-failure.ts';
import { containerOf, nodeOfPod, podOf } from './node-target.ts';
import { logOverWebSocket } from './websocket-log.ts';

interface Parts {
  readonly objects: ObjectReader;
  readonly dialer: Dialer | undefined;
}

export function podLog({ objects, dialer }: Parts): SpecialRequest {
  return async (exchange) => {
    const { info } = exchange;
    const query = logQuery(info.name, info.query);
    const pod = await podOf(objects, info.namespace, info.name);
    const container = containerOf(pod, info.query.get('container') ?? '');
    // A pod that is on no node yet has no log, which is no failure.
    if ((pod.spec?.nodeName ?? '') === '') return { status: 204, headers: {} };
    const to = await nodeOfPod(objects, pod);
    if (dialer === undefined) throw serviceUnavailable('this server reaches no nodes');
    const path = [info.namespace, info.name, container].map(encodeURIComponent).join('/');
    const text = query.toString();
    const url = `/containerLogs/${path}${text === '' ? '' : `?${text}`}`;
    // The client may leave in the middle of the body, long after this returns.
    const { signal } = exchange.request;
    const answer = await dialer
      .request(to, { method: 'GET', url, headers: {}, signal })
      .catch((error: unknown) => {
        throw failureOf(`https://${to.address}:${to.port}${url}`, error);
      });
    if (answer.status >= 400) throw await refused(answer.body, answer.status);
    if (asksForWebSocket(exchange.request)) return logOverWebSocket(exchange.request, answer.body);
    return {
      ...textOf(''),
      body: async (writer) => {
        for await (const chunk of answer.body) await writer.write(chunk);
      },
    };
  };
}

function textOf(body: string): ApiResponse {
  const headers = { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' };
  return { status: 200, headers, body };
}

async function refused(body: AsyncIterable<Uint8Array>, status: number): Promise<Error> {
  let text = '';
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString();
    if (text.length > 2048) break;
  }
  const error = internalError(new Error(text.trim()));
  if (status >= 500) return error;
  return failureOf('', new Error(text.trim()), status);
}

/** Checks PodLogOptions and gives what the kubelet is to be asked. */
function logQuery(name: string, query: URLSearchParams): URLSearchParams {
  const errors: FieldError[] = [];
  const asked = new URLSearchParams();
  for (const flag of ['follow', 'previous', 'timestamps'] as const) {
    if (readBoolean(query, flag) === true) asked.set(flag, 'true');
  }
  for (const [field, least] of [
    ['tailLines', 0],
    ['limitBytes', 1],
    ['sinceSeconds', 1],
  ] as const) {
    const value = readInteger(query, field);
    if (value === undefined) continue;
    if (value < least) {
      const why = `must be greater than${least === 0 ? ' or equal to' : ''} 0`;
      errors.push(invalidValue(FieldPath.of(field), value, why));
    }
    asked.set(field, String(value));
  }
  const since = query.get('sinceTime') ?? '';
  if (since !== '') {
    asked.set('sinceTime', since);
    if (asked.has('sinceSeconds')) {
      const why = 'at most one of `sinceTime` or `sinceSeconds` may be specified';
      errors.push(forbiddenField(FieldPath.root, why));
    }
  }
  const stream = query.get('stream') ?? '';
  if (stream !== '') asked.set('stream', stream);
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, name, errors);
  return asked;
}
