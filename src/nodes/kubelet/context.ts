// What every pod's worker needs of its node, handed down from the agent.
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Pod } from '../../objects.ts';
import type { Random } from '../../random.ts';
import type { Cgroups } from '../cgroups/cgroups.ts';
import type { Runtime } from '../runtime.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';
import type { Backoff } from './backoff.ts';
import type { ConfigContext } from './container-config.ts';
import type { WaitReason } from './container-status.ts';
import type { KubeletEvents } from './events.ts';
import type { ImageGarbage } from './image-garbage.ts';
import type { Images } from './images.ts';
import type { Limiter } from './limiter.ts';
import type { PodCache } from './pod-cache.ts';
import type { Prober } from './prober.ts';
import type { StatusSink } from './status-writer.ts';

export interface KubeletContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly runtime: Runtime;
  /** The part before `://` in container ids: `containerd`. */
  readonly runtimeName: string;
  readonly cache: PodCache;
  readonly images: Images;
  readonly prober: Prober;
  readonly events: KubeletEvents;
  readonly statuses: StatusSink;
  readonly config: ConfigContext;
  readonly restarts: Backoff;
  /** Bounds how many sandboxes and containers are being made at once. */
  readonly limiter: Limiter;
  /** Absent on simulated nodes. */
  readonly volumes?: PodVolumes;
  readonly cgroups?: Cgroups;
  /** Stops watching ConfigMaps and Secrets that nothing needs any more. */
  readonly sweepReferences?: (
    isNeeded: (kind: string, namespace: string, name: string) => boolean,
  ) => void;
  /** Images that nobody uses go when the disk fills. Absent on simulated nodes. */
  readonly imageGarbage?: ImageGarbage;
  readonly nodeAddresses: () => readonly string[];
  /** Why this node does not take the pod; undefined when it does. */
  readonly admit: (pod: Pod) => Promise<WaitReason | undefined>;
}
