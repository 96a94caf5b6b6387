// The group's versions: v1 is stored, the betas are off unless `--runtime-config` turns them on.
import type { KubernetesObject } from '../../objects.ts';
import type { ResourceVersion, ServedGroup } from '../resource.ts';
import type { BetaConversion } from './beta-conversion.ts';

export const resourceGroup = 'resource.k8s.io';

/** v1beta2 differs from v1 in its name only; v1beta1 has `conversion` where its shape differs. */
export function resourceVersions<T extends KubernetesObject>(
  kind: string,
  defaults: ((object: T) => void) | undefined,
  conversion?: BetaConversion<T>,
): ServedGroup<T> {
  const version = (name: string): ResourceVersion<T> => ({
    version: name,
    schema: `io.k8s.api.resource.${name}.${kind}`,
    ...(defaults === undefined ? {} : { defaults }),
  });
  return {
    group: resourceGroup,
    versions: [
      version('v1'),
      { ...version('v1beta2'), served: false },
      { ...version('v1beta1'), served: false, ...conversion },
    ],
  };
}
