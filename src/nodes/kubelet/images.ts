// Makes a container's image present as its pull policy says, with back-off and upstream's events.
import type { Clock } from '../../clock.ts';
import type { Pod } from '../../objects.ts';
import type { Image, PullCredentials, Runtime } from '../runtime.ts';
import { Backoff, goDuration } from './backoff.ts';
import type { KubeletEvents } from './events.ts';
import { formatPod, identityOf, type PodContainer } from './pod.ts';

/** A container cannot be started now; `reason` and `message` become its waiting state. */
export class ContainerStartError extends Error {
  readonly reason: string;
  /** When a retry makes sense, in milliseconds since the epoch. */
  readonly retryAtMs: number | undefined;
  constructor(reason: string, message: string, retryAtMs?: number) {
    super(message);
    this.reason = reason;
    this.retryAtMs = retryAtMs;
  }
}

export interface ImageOptions {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly events: KubeletEvents;
  readonly credentials?: (pod: Pod, image: string) => Promise<PullCredentials | undefined>;
}

const referencePattern =
  /^(?:(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/;

/** `image` with `:latest` where it names neither tag nor digest; undefined when malformed. */
export function withDefaultTag(image: string): string | undefined {
  if (image.length > 1024 || !referencePattern.test(image)) return undefined;
  if (image.includes('@')) return image;
  return image.slice(image.lastIndexOf('/') + 1).includes(':') ? image : `${image}:latest`;
}

/** The images of one node; pulls go one at a time as upstream's default says. */
export class Images {
  readonly #options: ImageOptions;
  readonly #backoff = new Backoff();
  #pulling: Promise<unknown> = Promise.resolve();
  /** The latest pull error by pod and image, repeated while backing off. */
  readonly #errors = new Map<string, string>();
  readonly #failedAtMs = new Map<string, number>();

  constructor(options: ImageOptions) {
    this.#options = options;
  }

  /** The image, present. @throws ContainerStartError with ErrImagePull, ImagePullBackOff, … */
  async ensure(pod: Pod, container: PodContainer): Promise<Image> {
    const { runtime, events } = this.#options;
    const image = container.spec.image ?? '';
    const reference = withDefaultTag(image);
    if (reference === undefined) {
      const message =
        `Failed to apply default image tag ${JSON.stringify(image)}: couldn't parse image name ` +
        `${JSON.stringify(image)}: invalid reference format`;
      events.pod(pod, 'Warning', 'InspectFailed', message, container);
      throw new ContainerStartError('InvalidImageName', message);
    }
    const policy = container.spec.imagePullPolicy ?? defaultPolicy(reference);
    const present = await this.#inspect(pod, container, reference);
    if (present !== undefined && policy !== 'Always') {
      const message =
        `Container image ${JSON.stringify(image)} already present on machine ` +
        'and can be accessed by the pod';
      events.pod(pod, 'Normal', 'Pulled', message, container);
      return present;
    }
    if (policy === 'Never') {
      const message = `Container image ${JSON.stringify(image)} is not present with pull policy of Never`;
      events.pod(pod, 'Warning', 'ErrImageNeverPull', message, container);
      throw new ContainerStartError('ErrImageNeverPull', message);
    }
    await this.#pull(pod, container, image, reference);
    const pulled = await runtime.imageStatus(reference);
    if (pulled !== undefined) return pulled;
    throw new ContainerStartError('ErrImagePull', `image ${image} is gone after its pull`);
  }

  forget(uid: string): void {
    this.#backoff.forget(`${uid}_`);
    for (const map of [this.#errors, this.#failedAtMs]) {
      for (const key of map.keys()) if (key.startsWith(`${uid}_`)) map.delete(key);
    }
  }

  async #inspect(pod: Pod, container: PodContainer, reference: string): Promise<Image | undefined> {
    const { runtime, events } = this.#options;
    try {
      return await runtime.imageStatus(reference);
    } catch (error) {
      const text = messageOf(error);
      const message = `Failed to inspect image ${JSON.stringify(reference)}: ${text}`;
      events.pod(pod, 'Warning', 'InspectFailed', message, container);
      throw new ContainerStartError('ImageInspectError', message);
    }
  }

  async #pull(pod: Pod, container: PodContainer, image: string, reference: string): Promise<void> {
    const { clock, events, runtime } = this.#options;
    const key = `${identityOf(pod).uid}_${image}`;
    const quoted = JSON.stringify(image);
    const nowMs = clock.nowMs();
    const waitMs = this.#backoff.remainingMs(key, this.#failedAtMs.get(key) ?? 0, nowMs);
    if (waitMs > 0) {
      const message = `Back-off pulling image ${quoted}: ${this.#errors.get(key) ?? ''}`;
      events.pod(pod, 'Normal', 'BackOff', `Back-off pulling image ${quoted}`, container);
      throw new ContainerStartError('ImagePullBackOff', message, nowMs + waitMs);
    }
    events.pod(pod, 'Normal', 'Pulling', `Pulling image ${quoted}`, container);
    const pull = this.#pulling.then(async () => {
      const startedMs = clock.nowMs();
      const credentials = await this.#options.credentials?.(pod, reference);
      await runtime.pullImage(reference, credentials);
      return clock.nowMs() - startedMs;
    });
    this.#pulling = pull.catch(() => undefined);
    try {
      const pullMs = await pull;
      const size = (await runtime.imageStatus(reference))?.sizeBytes ?? 0;
      const message =
        `Successfully pulled image ${quoted} in ${goDuration(pullMs)} ` +
        `(${goDuration(clock.nowMs() - nowMs)} including waiting). Image size: ${size} bytes.`;
      events.pod(pod, 'Normal', 'Pulled', message, container);
      this.#backoff.forget(key);
      this.#failedAtMs.delete(key);
    } catch (error) {
      const failedMs = clock.nowMs();
      const text = messageOf(error);
      events.pod(pod, 'Warning', 'Failed', `Failed to pull image ${quoted}: ${text}`, container);
      this.#backoff.next(key, failedMs, failedMs);
      this.#failedAtMs.set(key, failedMs);
      this.#errors.set(key, `ErrImagePull: ${text}`);
      throw new ContainerStartError('ErrImagePull', text, failedMs + this.#backoff.delayMs(key));
    }
  }
}

function defaultPolicy(reference: string): string {
  return reference.endsWith(':latest') ? 'Always' : 'IfNotPresent';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Upstream's error when an image would run as root against runAsNonRoot; undefined when fine. */
export function nonRootProblem(
  pod: Pod,
  container: PodContainer,
  image: Image,
): string | undefined {
  const { securityContext } = container.spec;
  const podContext = pod.spec?.securityContext;
  if ((securityContext?.runAsNonRoot ?? podContext?.runAsNonRoot) !== true) return undefined;
  const user = securityContext?.runAsUser ?? podContext?.runAsUser;
  const where = `(pod: ${JSON.stringify(formatPod(pod))}, container: ${container.spec.name})`;
  if (user !== undefined) {
    return user === 0 ? `container's runAsUser breaks non-root policy ${where}` : undefined;
  }
  if (image.uid === 0) {
    return `container has runAsNonRoot and image will run as root ${where}`;
  }
  if (image.uid === undefined && (image.username ?? '') !== '') {
    return (
      `container has runAsNonRoot and image has non-numeric user (${image.username}), ` +
      `cannot verify user is non-root ${where}`
    );
  }
  if (image.uid === undefined) {
    return `container has runAsNonRoot and image will run as root ${where}`;
  }
  return undefined;
}
