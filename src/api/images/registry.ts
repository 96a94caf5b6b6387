// The registry that nodes pull from: the reading half of the OCI distribution API over the store.
import type { ApiRequest, ApiResponse } from '../request.ts';
import { digestPattern, fullRepository } from './reference.ts';
import type { ImageStore } from './store.ts';

/** Where the registry stands in the API; `/v2/` follows. */
export const registryPath = '/coracle/registry';

type ErrorCode =
  | 'MANIFEST_UNKNOWN'
  | 'BLOB_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'UNSUPPORTED'
  | 'RANGE_INVALID';

const statusCodes: Readonly<Record<ErrorCode, number>> = {
  MANIFEST_UNKNOWN: 404,
  BLOB_UNKNOWN: 404,
  NAME_INVALID: 404,
  NAME_UNKNOWN: 404,
  UNSUPPORTED: 405,
  RANGE_INVALID: 416,
};

const version = { 'docker-distribution-api-version': 'registry/2.0' } as const;

/**
 * GET and HEAD of `/v2/`, `/v2/<name>/manifests/<tag or digest>` and `/v2/<name>/blobs/<digest>`.
 * `?ns=<host>`, as containerd sends it to mirrors, is the registry that the name belongs to;
 * without it the name holds its host, or means Docker Hub.
 * See https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
 */
export async function registryAnswer(store: ImageStore, request: ApiRequest): Promise<ApiResponse> {
  const [pathname = '', query = ''] = request.url.split('?', 2);
  const path = pathname.slice(`${registryPath}/v2/`.length).replaceAll(/%3a/gi, ':');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return failure('UNSUPPORTED', 'images come in by `coracle load image` only');
  }
  if (path === '') return bytesAnswer(request, 'application/json', '{}');
  const [, name, kind, reference] = /^(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
  if (name === undefined || kind === undefined || reference === undefined) {
    return failure('NAME_UNKNOWN', 'this registry serves manifests and blobs');
  }
  const host = new URLSearchParams(query).get('ns');
  const repository = fullRepository(host === null ? name : `${host}/${name}`);
  if (repository === undefined) return failure('NAME_INVALID', `${name} is no repository`);
  return kind === 'manifests'
    ? await manifestAnswer(store, request, repository, reference)
    : await blobAnswer(store, request, reference);
}

async function manifestAnswer(
  store: ImageStore,
  request: ApiRequest,
  repository: string,
  reference: string,
): Promise<ApiResponse> {
  const byDigest = digestPattern.test(reference);
  const digest = byDigest ? reference : store.find({ repository, tag: reference })?.digest;
  const manifest = digest === undefined ? undefined : await store.manifest(digest);
  if (digest === undefined || manifest === undefined) {
    const name = `${repository}${byDigest ? '@' : ':'}${reference}`;
    return failure('MANIFEST_UNKNOWN', `there is no ${name} here`);
  }
  const answer = bytesAnswer(request, manifest.mediaType, await store.blobs.read(digest));
  return { ...answer, headers: { ...answer.headers, 'docker-content-digest': digest } };
}

/** Blobs are served by digest alone: all that is here may be read by whoever may read at all. */
async function blobAnswer(
  store: ImageStore,
  request: ApiRequest,
  digest: string,
): Promise<ApiResponse> {
  const sizeBytes = digestPattern.test(digest) ? await store.blobs.sizeOf(digest) : undefined;
  if (sizeBytes === undefined) return failure('BLOB_UNKNOWN', `there is no blob ${digest} here`);
  const range = parseRange(request.headers.range, sizeBytes);
  if (range === 'unsatisfiable') {
    const answer = failure('RANGE_INVALID', `the blob has ${sizeBytes} bytes`);
    return { ...answer, headers: { ...answer.headers, 'content-range': `bytes */${sizeBytes}` } };
  }
  const { start, end } = range ?? { start: 0, end: sizeBytes - 1 };
  const headers = {
    ...version,
    'content-type': 'application/octet-stream',
    'content-length': String(end - start + 1),
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    ...(range && { 'content-range': `bytes ${start}-${end}/${sizeBytes}` }),
  };
  const status = range === undefined ? 200 : 206;
  if (request.method === 'HEAD' || sizeBytes === 0) return { status, headers };
  return {
    status,
    headers,
    body: async (writer) => {
      for await (const chunk of store.blobs.stream(digest, { start, end })) {
        await writer.write(chunk);
      }
    },
  };
}

/** One range of bytes (RFC 9110, 14.1.2); several, or nonsense, mean the whole blob. */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || first + last === '') return undefined;
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes);
    return length === 0 ? 'unsatisfiable' : { start: sizeBytes - length, end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= sizeBytes ? 'unsatisfiable' : { start, end };
}

function failure(code: ErrorCode, message: string): ApiResponse {
  const body = JSON.stringify({ errors: [{ code, message }] });
  return {
    status: statusCodes[code],
    headers: { ...version, 'content-type': 'application/json' },
    body,
  };
}

function bytesAnswer(
  request: ApiRequest,
  contentType: string,
  body: Uint8Array | string,
): ApiResponse {
  const headers = { ...version, 'content-type': contentType };
  if (request.method !== 'HEAD') return { status: 200, headers, body };
  const length = String(Buffer.byteLength(body));
  return { status: 200, headers: { ...headers, 'content-length': length } };
}
