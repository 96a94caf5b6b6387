// Reads metav1.DeleteOptions from body or query and checks them as upstream does.
import type { FoundResource } from '../registry/engine/resource-registry.ts';
import type { DeletionOptions } from '../registry/engine/types.ts';
import { type FieldError, FieldPath, invalidValue, notSupported } from '../registry/field.ts';
import { isEnvelope, readEnvelope } from '../registry/schema/protobuf/envelope.ts';
import { ProtobufError } from '../registry/schema/protobuf/wire-reader.ts';
import type { ReadBody } from '../registry/schema/read-body.ts';
import { invalid } from '../status.ts';
import { readBytes } from './body.ts';
import { addWarning, type Exchange } from './exchange.ts';
import { readBoolean, readDryRun, readInteger } from './query-options.ts';

export interface Deletion {
  readonly options: DeletionOptions;
  readonly dryRun: boolean;
}

interface RawDeleteOptions {
  gracePeriodSeconds?: number | bigint;
  orphanDependents?: boolean;
  propagationPolicy?: string;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: string[];
}

const kind = { group: 'meta.k8s.io', kind: 'DeleteOptions' };
const expected = {
  group: '',
  version: 'v1',
  kind: 'DeleteOptions',
  schema: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
};
const noQuery = new URLSearchParams();
const policies = ['Background', 'Foreground', 'Orphan'] as const;

/**
 * Warns, too, where a kind wants to be told what becomes of dependents.
 *
 * @throws StatusError 400, 413, 415, 422
 */
export async function readDeletion(
  exchange: Exchange,
  found: FoundResource,
  readBody: ReadBody,
): Promise<Deletion> {
  const { request, info } = exchange;
  const bytes = await readBytes(request);
  let raw: RawDeleteOptions;
  if (bytes.length > 0) {
    const stated = statedVersion(bytes);
    raw = (await readBody(bytes, stated === undefined ? expected : { ...expected, ...stated }, {
      contentType: request.headers['content-type'] ?? '',
      fieldValidation: 'Ignore',
      bare: true,
      warn: (message) => addWarning(exchange, message),
    })) as RawDeleteOptions;
  } else {
    raw = fromQuery(info.query);
  }
  // Who sends a body says everything there: the query does not count then.
  const deletion = check(raw, bytes.length > 0 ? noQuery : info.query);
  const { defaultPropagationWarning } = found.served.resource;
  if (deletion.options.propagationPolicy === undefined && defaultPropagationWarning !== undefined) {
    addWarning(exchange, defaultPropagationWarning);
  }
  return deletion;
}

/** DeleteOptions are registered in every group; clients send that of the resource. */
function statedVersion(bytes: Uint8Array): { group: string; version: string } | undefined {
  if (isEnvelope(bytes)) return protobufVersion(bytes);
  const match = /"apiVersion"\s*:\s*"([a-z0-9.-]+)\/(v[a-z0-9]+)"/.exec(
    Buffer.from(bytes.subarray(0, 512)).toString(),
  );
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { group: match[1], version: match[2] };
}

function protobufVersion(bytes: Uint8Array): { group: string; version: string } | undefined {
  try {
    const [group = '', version] = readEnvelope(bytes).apiVersion.split('/');
    return version === undefined ? undefined : { group, version };
  } catch (error) {
    // Whoever reads the body says what is wrong with it.
    if (error instanceof ProtobufError) return undefined;
    throw error;
  }
}

function fromQuery(query: URLSearchParams): RawDeleteOptions {
  if (query.size === 0) return {};
  const grace = readInteger(query, 'gracePeriodSeconds');
  const orphan = readBoolean(query, 'orphanDependents');
  const policy = query.get('propagationPolicy');
  return {
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(orphan === undefined ? {} : { orphanDependents: orphan }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
  };
}

function check(raw: RawDeleteOptions, query: URLSearchParams): Deletion {
  const errors: FieldError[] = [];
  const dryRun = readDryRun(query, errors) || (raw.dryRun ?? []).includes('All');
  const unknown = (raw.dryRun ?? []).filter((each) => each !== 'All');
  if (unknown.length > 0) errors.push(notSupported(FieldPath.of('dryRun'), unknown, ['All']));
  const { propagationPolicy: policy, orphanDependents } = raw;
  if (policy !== undefined && orphanDependents !== undefined) {
    errors.push(
      invalidValue(
        FieldPath.of('propagationPolicy'),
        policy,
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    );
  }
  if (policy !== undefined && !(policies as readonly string[]).includes(policy)) {
    errors.push(
      notSupported(FieldPath.of('propagationPolicy'), policy, [
        'Foreground',
        'Background',
        'Orphan',
        'nil',
      ]),
    );
  }
  if (errors.length > 0) throw invalid(kind, '', errors);
  const chosen =
    orphanDependents === undefined ? policy : orphanDependents ? 'Orphan' : 'Background';
  return {
    dryRun,
    options: {
      ...(raw.gracePeriodSeconds === undefined
        ? {}
        : { gracePeriodSeconds: exactSeconds(raw.gracePeriodSeconds) }),
      ...(chosen === undefined ? {} : { propagationPolicy: chosen as (typeof policies)[number] }),
      ...(raw.preconditions === undefined ? {} : { preconditions: raw.preconditions }),
    },
  };
}

/** Numbers beyond 2^53 come as bigints; nobody lives to see the difference. */
function exactSeconds(seconds: number | bigint): number {
  const { MIN_SAFE_INTEGER: least, MAX_SAFE_INTEGER: most } = Number;
  return Math.min(Math.max(Number(seconds), least), most);
}
