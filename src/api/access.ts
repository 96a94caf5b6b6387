// Who asks and what they may do: authenticators and authorizers in the order they are asked.
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Random } from '../random.ts';
import type { ResourceRegistry } from '../registry/engine/resource-registry.ts';
import { Authenticator } from './authentication/authenticator.ts';
import { bootstrapTokens } from './authentication/bootstrap-tokens.ts';
import { legacyTokens } from './authentication/legacy-tokens.ts';
import { ServiceAccountTokens } from './authentication/service-account-tokens.ts';
import { type StaticToken, staticTokens } from './authentication/static-tokens.ts';
import { type Authorizer, authorizerChain, mastersAuthorizer } from './authorization/authorizer.ts';
import { createNodeAuthorizer } from './authorization/node.ts';
import { RbacAuthorizer } from './authorization/rbac.ts';
import { bootstrapRoles } from './bootstrap/policy.ts';
import type { ObjectReader } from './object-reader.ts';

/** What tokens are good here. */
export interface TokenOptions {
  /** PEM of the ECDSA P-256 private key that signs service account tokens. */
  readonly signingKey: string;
  /** Default `https://kubernetes.default.svc.cluster.local`. */
  readonly issuer?: string;
  readonly staticTokens?: readonly StaticToken[];
}

export interface AccessOptions extends TokenOptions {
  readonly registry: ResourceRegistry;
  readonly objects: ObjectReader;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface Access {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
  readonly tokens: ServiceAccountTokens;
}

/** `rbac` follows roles and bindings until it is closed. */
export function createAccess(options: AccessOptions): Access {
  const { registry, objects, clock, random, signingKey, issuer } = options;
  const tokens = new ServiceAccountTokens({ signingKey, issuer, objects, clock, random });
  const logger = options.logger.child('authentication');
  const authenticator = new Authenticator([
    staticTokens(options.staticTokens ?? []),
    tokens,
    legacyTokens({ tokens, objects, registry, clock, logger }),
    bootstrapTokens(objects, clock),
  ]);
  const rbac = new RbacAuthorizer(objects);
  rbac.start();
  const pods = registry.store('', 'pods');
  const nodeRules = bootstrapRoles().find(({ name }) => name === 'system:node')?.rules ?? [];
  const authorizer = authorizerChain([
    mastersAuthorizer,
    ...(pods === undefined ? [] : [createNodeAuthorizer(pods, objects, nodeRules)]),
    rbac,
  ]);
  return { authenticator, authorizer, rbac, tokens };
}
