// What a client wants its answer to be: media type, shape (object, Table, metadata only), indentation.
import type { MetaVersion } from '../registry/cache/representation.ts';
import { protobufMediaType } from '../registry/schema/protobuf/envelope.ts';
import { notAcceptable, StatusError } from '../status.ts';
import { type AcceptClause, parseAccept } from './accept.ts';
import type { ApiRequest } from './request.ts';

export type Format = 'json' | 'yaml' | 'protobuf';
export type Shape = 'object' | 'table' | 'partial' | 'discovery';

export interface Negotiated {
  readonly format: Format;
  readonly shape: Shape;
  /** The version of Table and PartialObjectMetadata that was asked for. */
  readonly metaVersion: MetaVersion;
  /** Asked for as PartialObjectMetadataList. */
  readonly asList: boolean;
  readonly pretty: boolean;
}

/** Which forms an answer can have. */
export interface Offer {
  readonly table?: boolean;
  /** Clients may name the version of meta that they know (`sv=v1`), as with all resources. */
  readonly serverVersion?: boolean;
  readonly partial?: boolean;
  readonly discovery?: boolean;
  /** A watch: YAML has no form for that. */
  readonly stream?: boolean;
  /** Default true; custom resources have none. */
  readonly protobuf?: boolean;
}

interface MediaType {
  readonly format: Format;
  readonly subtype: string;
  readonly streams: boolean;
}

const mediaTypes: readonly MediaType[] = [
  { format: 'json', subtype: 'json', streams: true },
  { format: 'yaml', subtype: 'yaml', streams: false },
  { format: 'protobuf', subtype: 'vnd.kubernetes.protobuf', streams: true },
];

export const contentTypes: Readonly<Record<Format, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: protobufMediaType,
};

export const plainJson: Negotiated = {
  format: 'json',
  shape: 'object',
  metaVersion: 'v1',
  asList: false,
  pretty: false,
};
const plainProtobuf: Negotiated = { ...plainJson, format: 'protobuf' };

const goAccepts: readonly string[] = [
  protobufMediaType,
  `${protobufMediaType},${contentTypes.json}`,
];

/** What is accepted most often needs no parsing. */
function usual(accept: string | undefined): Negotiated | undefined {
  if (accept === undefined || accept === '' || accept === '*/*') return plainJson;
  if (accept === contentTypes.json) return plainJson;
  return goAccepts.includes(accept) ? plainProtobuf : undefined;
}

/**
 * The first of the client's choices that can be had, in upstream's order of choices and of types.
 *
 * @throws StatusError 406
 */
export function negotiate(
  { headers }: Pick<ApiRequest, 'headers'>,
  query: URLSearchParams,
  offer: Offer,
): Negotiated {
  const pretty = wantsPretty(query, headers['user-agent']);
  const plain = usual(headers.accept);
  if (plain?.format === 'json' || (plain !== undefined && offer.protobuf !== false)) {
    return pretty ? { ...plain, pretty } : plain;
  }
  const offered = mediaTypes.filter(
    ({ format }) => format !== 'protobuf' || offer.protobuf !== false,
  );
  const clauses = parseAccept(headers.accept ?? '');
  // Whoever knows aggregated discovery gets it, wherever in the header it stands.
  const found =
    (offer.discovery === true ? choose(clauses, offered, discoveryOf) : undefined) ??
    choose(clauses, offered, (clause, type) => shapeOf(clause, type, offer));
  if (found === undefined) {
    throw notAcceptable(offered.map(({ format }) => contentTypes[format]));
  }
  const streaming = offered.filter(({ streams }) => streams);
  if (offer.stream === true && !streaming.some(({ format }) => format === found.format)) {
    throw notAcceptable(streaming.map(({ format }) => `${contentTypes[format]};stream=watch`));
  }
  return { ...found, pretty: pretty || found.pretty };
}

type Choice = Omit<Negotiated, 'format'>;

function choose(
  clauses: readonly AcceptClause[],
  offered: readonly MediaType[],
  allows: (clause: AcceptClause, type: MediaType) => Choice | undefined,
): Negotiated | undefined {
  for (const clause of clauses) {
    for (const type of offered) {
      const matches =
        clause.type === 'application'
          ? clause.subtype === type.subtype || clause.subtype === '*'
          : clause.type === '*' && clause.subtype === '*';
      const choice = matches ? allows(clause, type) : undefined;
      if (choice !== undefined) return { ...choice, format: type.format };
    }
  }
  return undefined;
}

/** What the parameters of a choice ask for; undefined: that cannot be had. */
function shapeOf({ parameters }: AcceptClause, type: MediaType, offer: Offer): Choice | undefined {
  const stream = parameters.get('stream') ?? '';
  if (stream !== '' && (stream !== 'watch' || !type.streams)) return undefined;
  const serverVersion = parameters.get('sv') ?? '';
  const namesVersion = offer.table === true || offer.serverVersion === true;
  if (serverVersion !== '' && (serverVersion !== 'v1' || !namesVersion)) return undefined;
  const plain = { ...plainJson, pretty: parameters.get('pretty') === '1' };
  const [as, group, version] = ['as', 'g', 'v'].map((name) => parameters.get(name));
  if (as === undefined && group === undefined && version === undefined) return plain;
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined;
  const wanted = { ...plain, metaVersion: version } as const;
  if (as === 'Table') {
    // Its cells have no form in protobuf.
    const isPossible = offer.table === true && type.format !== 'protobuf';
    return isPossible ? { ...wanted, shape: 'table' } : undefined;
  }
  const asList = as === 'PartialObjectMetadataList';
  if (offer.partial !== true || !(asList || as === 'PartialObjectMetadata')) return undefined;
  return { ...wanted, shape: 'partial', asList };
}

function discoveryOf({ parameters }: AcceptClause): Choice | undefined {
  const isAggregated =
    parameters.get('g') === 'apidiscovery.k8s.io' &&
    parameters.get('v') === 'v2' &&
    parameters.get('as') === 'APIGroupDiscoveryList';
  return isAggregated ? { ...plainJson, shape: 'discovery' } : undefined;
}

/** A shape was asked for that this answer does not have. */
export function refusal(message: string): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: 'NotAcceptable',
    code: 406,
  });
}

/** Browsers and curl get indented answers, everything else only on request, as upstream. */
export function wantsPretty(query: URLSearchParams, userAgent: string | undefined): boolean {
  const asked = query.get('pretty') ?? '';
  if (asked !== '') return /^(1|t|T|true|TRUE|True)$/.test(asked);
  if (userAgent === undefined) return false;
  return /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}
