// Answers `scale`, the view of a workload that has nothing but its replicas: autoscaling/v1 Scale.
import type { FoundResource } from '../registry/engine/resource-registry.ts';
import type { ReadBody } from '../registry/schema/read-body.ts';
import { objectAnswer } from './answers.ts';
import { readBytes } from './body.ts';
import type { Exchange } from './exchange.ts';
import { patchRequest, patchType } from './patch-request.ts';
import type { ApiResponse } from './request.ts';
import { contextOf, negotiateFor, patchQuery, writeQuery } from './request-context.ts';
import { readObject } from './special-body.ts';

const scaleType = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  schema: 'io.k8s.api.autoscaling.v1.Scale',
};

/** @param exchange a get, patch or update */
export async function scaleAnswer(
  exchange: Exchange,
  found: FoundResource,
  readBody: ReadBody,
): Promise<ApiResponse> {
  const { info, request, protobuf } = exchange;
  const negotiated = negotiateFor(exchange, found);
  if (info.verb === 'get') {
    const scale = await found.store.getScale(contextOf(exchange, found));
    return objectAnswer(200, scale, negotiated, protobuf);
  }
  if (info.verb === 'patch') {
    const type = patchType(request, found.served.resource);
    const options = patchQuery(exchange, type);
    const patch = await patchRequest(request, type, options);
    const scale = await found.store.patchScale(contextOf(exchange, found, options), patch);
    return objectAnswer(200, scale, negotiated, protobuf);
  }
  const bytes = await readBytes(request);
  const options = writeQuery(exchange, 'UpdateOptions');
  const context = contextOf(exchange, found, options);
  const given = await readObject(exchange, readBody, bytes, scaleType, options);
  const scale = await found.store.updateScale(context, given);
  return objectAnswer(200, scale, negotiated, protobuf);
}
