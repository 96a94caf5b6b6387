// The volume plugin port: one volume of one pod, set up under the kubelet's own directory.
import type { Clock } from '../../clock.ts';
import type { Pod, TokenRequest } from '../../objects.ts';
import type { FieldContext } from '../kubelet/fields.ts';
import type { References } from '../references.ts';
import type { Mounts } from './mounts.ts';

export type Volume = NonNullable<NonNullable<Pod['spec']>['volumes']>[number];

export interface VolumeContext {
  readonly pod: Pod;
  readonly volume: Volume;
  /** Where the volume belongs: `<root>/pods/<uid>/volumes/kubernetes.io~<plugin>/<name>`. */
  readonly directory: string;
  readonly references: References;
  readonly fields: FieldContext;
  readonly clock: Clock;
  readonly mounts: Mounts;
  /** A token bound to the pod; expiry is the server's word. */
  readonly createToken: (
    namespace: string,
    serviceAccount: string,
    request: TokenRequest,
  ) => Promise<TokenRequest>;
}

export interface MountedVolume {
  /** What is bind-mounted into containers. */
  readonly hostPath: string;
  /** Containers may only read it, whatever their mount says. */
  readonly readonly: boolean;
  /** When its content must be renewed, in milliseconds since the epoch. */
  readonly refreshAtMs?: number;
}

/**
 * One kind of volume. `setUp` is idempotent and also refreshes content in place; tearing down is
 * the same for all (unmount what is mounted, remove the rest), so that it works from disk alone.
 */
export interface VolumePlugin {
  /** The part after `kubernetes.io~` in its directory. */
  readonly name: string;
  supports(volume: Volume): boolean;
  /** @throws Error whose message is shown in the FailedMount event. */
  setUp(context: VolumeContext): Promise<MountedVolume>;
}
