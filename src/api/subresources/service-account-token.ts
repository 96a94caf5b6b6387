// `serviceaccounts/token`: issues a bound token (TokenRequest).
import type { Clock } from '../../clock.ts';
import type { Pod, ServiceAccount, TokenRequest } from '../../objects.ts';
import type { ApiObject } from '../../registry/resource.ts';
import type { ReadBody } from '../../registry/schema/read-body.ts';
import { badRequest, conflict, forbidden, invalid, notFound } from '../../status.ts';
import { nodeTokenRefusal } from '../admission/node-restriction.ts';
import type {
  BoundObject,
  ServiceAccountTokens,
} from '../authentication/service-account-tokens.ts';
import { nodeOf } from '../authorization/node.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { SpecialRequest } from '../router.ts';
import { createdAnswer, readCreate } from '../special-body.ts';

interface Parts {
  readonly objects: ObjectReader;
  readonly tokens: ServiceAccountTokens;
  readonly readBody: ReadBody;
  readonly clock: Clock;
}

const expected = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  schema: 'io.k8s.api.authentication.v1.TokenRequest',
};
const hourSeconds = 3600;
const expirationMinSeconds = 600;
/** Kubelets ask for 3607 s; upstream makes such tokens last a year and warns after the hour. */
const extendedAsked = 3607;
const extendedSeconds = 365 * 24 * hourSeconds;
const plurals = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' } as const;

export function serviceAccountToken(parts: Parts): SpecialRequest {
  return async (exchange) => {
    const { namespace, name } = exchange.info;
    const { object, options } = await readCreate<TokenRequest>(exchange, parts.readBody, expected);
    const account = await parts.objects.fresh<ServiceAccount>(
      '',
      'serviceaccounts',
      namespace,
      name,
    );
    if (account === undefined) throw notFound({ group: '', resource: 'serviceaccounts' }, name);
    const { spec = { audiences: [] } } = object;
    const asking = nodeOf(exchange.user);
    if (asking !== undefined) {
      const { boundObjectRef } = spec;
      const why = await nodeTokenRefusal(asking, namespace, boundObjectRef, parts.objects);
      if (why !== undefined) throw forbidden({ group: '', resource: 'serviceaccounts' }, name, why);
    }
    const seconds = Number(spec.expirationSeconds ?? hourSeconds);
    checkExpiration(seconds);
    const stated = object.metadata?.name ?? '';
    if (stated !== '' && stated !== name) {
      throw badRequest(
        `the name of the object (${stated}) does not match the name on the URL (${name})`,
      );
    }
    const { bound, node } = await boundTo(parts, namespace, name, spec.boundObjectRef);
    const extended = seconds === extendedAsked && bound?.kind === 'Pod';
    const issued = await parts.tokens.issue({
      namespace,
      name,
      uid: account.metadata?.uid ?? '',
      audiences: spec.audiences ?? [],
      expirationSeconds: extended ? extendedSeconds : seconds,
      ...(extended ? { warnAfterSeconds: seconds } : {}),
      ...(bound === undefined ? {} : { bound }),
      ...(node === undefined ? {} : { node }),
    });
    const shownSeconds = extended
      ? Math.floor(parts.clock.nowMs() / 1000) + seconds
      : issued.expiresAt;
    const audiences = (spec.audiences ?? []).length === 0 ? parts.tokens.audiences : spec.audiences;
    return createdAnswer(exchange, {
      ...object,
      metadata: {
        ...object.metadata,
        name,
        namespace,
        creationTimestamp: rfc3339(parts.clock.nowMs()),
      },
      spec: { ...spec, audiences, expirationSeconds: seconds },
      status: {
        token: options.dryRun ? '' : issued.token,
        expirationTimestamp: rfc3339(shownSeconds * 1000),
      },
    });
  };
}

function checkExpiration(seconds: number): void {
  const field = 'spec.expirationSeconds';
  const refuse = (why: string) => {
    const message = `Invalid value: ${seconds}: ${why}`;
    throw invalid({ group: expected.group, kind: expected.kind }, '', [
      { reason: 'FieldValueInvalid', message, field },
    ]);
  };
  if (seconds < expirationMinSeconds) refuse('may not specify a duration less than 10 minutes');
  if (seconds > 2 ** 32) refuse('may not specify a duration larger than 2^32 seconds');
}

async function boundTo(
  parts: Parts,
  namespace: string,
  account: string,
  reference: NonNullable<TokenRequest['spec']>['boundObjectRef'],
): Promise<{ bound?: BoundObject; node?: { name: string; uid: string } }> {
  if (reference == null) return {};
  const kind = reference.kind as keyof typeof plurals;
  const plural = plurals[kind];
  if (plural === undefined) {
    const { apiVersion = '', kind: stated = '' } = reference;
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    const type = `${group}/${version}, Kind=${stated}`;
    throw badRequest(`cannot bind token to object of type ${type}`);
  }
  const name = reference.name ?? '';
  const scope = kind === 'Node' ? '' : namespace;
  const object = await parts.objects.fresh<ApiObject>('', plural, scope, name);
  if (object === undefined) throw notFound({ group: '', resource: plural }, name);
  const uid = object.metadata.uid ?? '';
  if ((reference.uid ?? '') !== '' && reference.uid !== uid) {
    const why = `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: '', resource: plural }, name, why);
  }
  const bound: BoundObject = { kind, name, uid };
  if (kind !== 'Pod') return { bound };
  const { spec } = object as Pod;
  if ((spec?.serviceAccountName ?? 'default') !== account) {
    throw badRequest(
      `cannot bind token for serviceaccount "${account}" to pod running with different ` +
        'serviceaccount name.',
    );
  }
  const nodeName = spec?.nodeName ?? '';
  const node =
    nodeName === '' ? undefined : parts.objects.get<ApiObject>('', 'nodes', '', nodeName);
  if (node === undefined) return { bound };
  return { bound, node: { name: nodeName, uid: node.metadata.uid ?? '' } };
}

function rfc3339(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
