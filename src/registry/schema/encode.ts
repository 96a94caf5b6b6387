// Stored bytes: the JSON of an object without type meta and resourceVersion, metadata first.
import type { ApiObject } from '../resource.ts';
import { fromJson, toJson } from './json.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The storage form of a canonical object: JSON that begins with `{"metadata":{` and has no kind,
 * apiVersion or resourceVersion (see `CachedObject`).
 */
export function encodeStored(object: ApiObject): Uint8Array {
  return encoder.encode(toJson(storedForm(object)));
}

/** The object without what storage leaves out; shares all else with it. */
export function storedForm(object: ApiObject): ApiObject {
  const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = object;
  const { resourceVersion: _resourceVersion, ...meta } = metadata;
  return { metadata: meta, ...rest };
}

/** The inverse; kind, apiVersion and resourceVersion are the caller's to add. */
export function decodeStored(bytes: Uint8Array): ApiObject {
  return fromJson(decoder.decode(bytes)) as ApiObject;
}
