// TokenReview and SelfSubjectReview: whose token this is, and who I am.
import { type Clock, timestamp } from '../../clock.ts';
import type { TokenReview } from '../../objects.ts';
import type { User } from '../../registry/resource.ts';
import type { ReadBody } from '../../registry/schema/read-body.ts';
import { badRequest } from '../../status.ts';
import type { Authenticator } from '../authentication/authenticator.ts';
import type { SpecialRequest } from '../router.ts';
import { createdAnswer, expectedOf, readCreate } from '../special-body.ts';

interface Parts {
  readonly authenticator: Authenticator;
  readonly readBody: ReadBody;
  readonly clock: Clock;
}

export function tokenReview({ authenticator, readBody }: Parts): SpecialRequest {
  return async (exchange, found) => {
    const { object } = await readCreate<TokenReview>(exchange, readBody, expectedOf(found));
    const { token = '', audiences } = object.spec;
    if (token === '') throw badRequest('token is required for TokenReview in authentication');
    const asked = audiences === undefined || audiences.length === 0 ? undefined : audiences;
    const known = await authenticator.token(token, asked);
    const status =
      known === undefined
        ? { user: {}, error: 'invalid bearer token' }
        : {
            authenticated: true,
            user: userInfo(known.user),
            ...(known.audiences === undefined ? {} : { audiences: known.audiences }),
          };
    return createdAnswer(exchange, { ...object, spec: object.spec, status });
  };
}

export function selfSubjectReview({ readBody, clock }: Parts): SpecialRequest {
  return async (exchange, found) => {
    const { object } = await readCreate(exchange, readBody, expectedOf(found));
    // A review of its own: nothing that was sent comes back.
    const metadata = { creationTimestamp: timestamp(clock) };
    const status = { userInfo: userInfo(exchange.user) };
    return createdAnswer(exchange, { ...object, metadata, status });
  };
}

function userInfo({ name, uid, groups, extra }: User): unknown {
  return {
    username: name,
    ...(uid === undefined || uid === '' ? {} : { uid }),
    groups,
    ...(extra === undefined ? {} : { extra }),
  };
}
