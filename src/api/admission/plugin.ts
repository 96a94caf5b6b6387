// What an admission plugin is, and what plugins may use.
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Random } from '../../random.ts';
import { isGenerated } from '../../registry/engine/create.ts';
import { resourceName } from '../../registry/engine/request-checks.ts';
import type { ResourceRegistry } from '../../registry/engine/resource-registry.ts';
import type { AdmissionAttributes } from '../../registry/engine/types.ts';
import { forbidden, type StatusError } from '../../status.ts';
import type { Pools } from '../allocation/service-pools.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import type { RbacAuthorizer } from '../authorization/rbac.ts';
import type { ObjectReader } from '../object-reader.ts';

export interface AdmissionPlugin {
  /** Upstream's name of it. */
  readonly name: string;
  /** Changes `attributes.object` in place, or throws a StatusError. */
  mutate?(attributes: AdmissionAttributes): Promise<void> | undefined;
  validate?(attributes: AdmissionAttributes): Promise<void> | undefined;
}

export interface AdmissionParts {
  readonly objects: ObjectReader;
  readonly authorizer: Authorizer;
  readonly registry: ResourceRegistry;
  readonly rbac: RbacAuthorizer;
  readonly clock: Clock;
  readonly random: Random;
  readonly pools: Pools;
  readonly logger: Logger;
}

/** `pods`, `deployments.apps`, with the subresource behind a slash. */
export function targetOf({ context }: AdmissionAttributes): string {
  const { group, resource } = context.served;
  const name = group === '' ? resource.plural : `${resource.plural}.${group}`;
  return context.subresource === '' ? name : `${name}/${context.subresource}`;
}

/** The 403 of a plugin that says no to a request as a whole. */
export function refuse({ context, object }: AdmissionAttributes, why: string): StatusError {
  return forbidden(resourceName(context), refusedName({ context, object }), why);
}

/** What a refusal calls its object: upstream generates names only after it. */
export function refusedName({
  context,
  object,
}: Pick<AdmissionAttributes, 'context' | 'object'>): string {
  if (context.name !== '') return context.name;
  const { name = '', generateName = '' } = object?.metadata ?? {};
  return (isGenerated(name, generateName) ? generateName : name) || 'Unknown';
}
