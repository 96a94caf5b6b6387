// One pass over one deployment: makes and resizes ReplicaSets and writes the status.
import { deployments, replicaSets } from '../client/resource-ref.ts';
import type { Deployment, Pod, ReplicaSet } from '../objects.ts';
import { isReason } from '../status.ts';
import {
  availableOf,
  desiredOf,
  isScalingEvent,
  newSetSize,
  planRollingUpdate,
  planScale,
  sizeOf,
} from './deployment-plan.ts';
import {
  newSetAnnotations,
  nextRevision,
  revisionAnnotation,
  revisionOf,
  sameAnnotations,
  sizeAnnotations,
} from './deployment-revision.ts';
import {
  countStatus,
  type DeploymentStatus,
  deploymentCondition,
  hasProgressDeadline,
  isComplete,
  newCondition,
  progressCheckMs,
  rolloutStatus,
  withCondition,
} from './deployment-status.ts';
import {
  byCreation,
  canonicalJson,
  findNewReplicaSet,
  sameTemplate,
  templateHash,
  templateHashLabel,
} from './deployment-template.ts';
import { controllerReference, ignoreNotFound, isControlledBy } from './ownership.ts';
import { isPodTerminal } from './pod-state.ts';
import { isNamespaceTerminating } from './replicaset.ts';
import type { ControllerContext, Requeue } from './runner.ts';

export interface RolloutParts {
  readonly context: ControllerContext;
  readonly deployment: Deployment;
  /** All that it controls. */
  readonly sets: readonly ReplicaSet[];
  readonly podsOf: (set: ReplicaSet) => readonly Pod[];
}

export function createRollout(parts: RolloutParts): Rollout {
  return new Rollout(parts);
}

/** Holds the newest version of what it has written, so that one pass sees its own writes. */
class Rollout {
  readonly #context: ControllerContext;
  readonly #podsOf: RolloutParts['podsOf'];
  #deployment: Deployment;
  #newSet: ReplicaSet | undefined;
  #oldSets: readonly ReplicaSet[];

  constructor(parts: RolloutParts) {
    this.#context = parts.context;
    this.#podsOf = parts.podsOf;
    this.#deployment = parts.deployment;
    this.#newSet = findNewReplicaSet(parts.deployment, parts.sets);
    this.#oldSets = parts.sets.filter((set) => set !== this.#newSet).sort(byCreation);
  }

  get #all(): readonly ReplicaSet[] {
    return this.#newSet === undefined ? this.#oldSets : [...this.#oldSets, this.#newSet];
  }

  get #nowMs(): number {
    return this.#context.clock.nowMs();
  }

  isScaling(): boolean {
    return isScalingEvent(this.#deployment, this.#all);
  }

  /** Pausing stops the progress deadline, resuming starts it anew. */
  async notePause(): Promise<void> {
    const condition = deploymentCondition(this.#deployment.status, 'Progressing');
    if (!hasProgressDeadline(this.#deployment)) return;
    if (condition?.reason === 'ProgressDeadlineExceeded') return;
    const noted = condition?.reason === 'DeploymentPaused';
    const paused = this.#deployment.spec?.paused === true;
    if (paused === noted) return;
    const [reason, message] = paused
      ? ['DeploymentPaused', 'Deployment is paused']
      : ['DeploymentResumed', 'Deployment is resumed'];
    const next = newCondition('Progressing', 'Unknown', reason, message, this.#nowMs);
    await this.#writeStatus(withCondition(this.#deployment.status ?? {}, next));
  }

  async statusOnly(): Promise<undefined> {
    const status = countStatus(this.#deployment, this.#newSet, this.#all, this.#nowMs);
    await this.#writeStatus(status);
    return undefined;
  }

  async scale(): Promise<undefined> {
    if (this.#newSet !== undefined) await this.#adoptNewSet(this.#newSet);
    for (const { set, replicas } of planScale(this.#deployment, this.#newSet, this.#oldSets)) {
      await this.#resize(set, replicas, true);
    }
    if (this.#deployment.spec?.paused === true) await this.#cleanUp();
    return this.statusOnly();
  }

  async rolling(): Promise<Requeue | undefined> {
    if (!(await this.#ensureNewSet())) return undefined;
    const plan = planRollingUpdate(this.#deployment, this.#newSet, this.#oldSets);
    for (const { set, replicas } of plan) await this.#resize(set, replicas);
    if (plan.length === 0 && this.#isComplete()) await this.#cleanUp();
    return this.#rolloutStatus();
  }

  async recreate(): Promise<Requeue | undefined> {
    const active = this.#oldSets.filter((set) => sizeOf(set) > 0);
    for (const set of active) await this.#resize(set, 0);
    const running = (set: ReplicaSet) =>
      (set.status?.replicas ?? 0) > 0 || this.#podsOf(set).some((pod) => !isPodTerminal(pod));
    if (active.length > 0 || this.#oldSets.some(running)) {
      if (this.#newSet !== undefined) await this.#adoptNewSet(this.#newSet);
      return this.#rolloutStatus();
    }
    if (!(await this.#ensureNewSet())) return undefined;
    if (this.#newSet !== undefined) await this.#resize(this.#newSet, desiredOf(this.#deployment));
    if (this.#isComplete()) await this.#cleanUp();
    return this.#rolloutStatus();
  }

  #isComplete(): boolean {
    return isComplete(this.#deployment, this.#deployment.status ?? {});
  }

  async #rolloutStatus(): Promise<Requeue | undefined> {
    const status = rolloutStatus(this.#deployment, this.#newSet, this.#all, this.#nowMs);
    await this.#writeStatus(status);
    const afterMs = progressCheckMs(this.#deployment, status, this.#nowMs);
    return afterMs === undefined ? undefined : { requeueAfterMs: afterMs };
  }

  /** False when it cannot be made because the namespace is going away. */
  async #ensureNewSet(): Promise<boolean> {
    if (this.#newSet !== undefined) {
      await this.#adoptNewSet(this.#newSet);
      return true;
    }
    try {
      await this.#createNewSet();
      return true;
    } catch (error) {
      if (isNamespaceTerminating(error)) return false;
      throw error;
    }
  }

  /** Brings an existing ReplicaSet's annotations and minReadySeconds up to date. */
  async #adoptNewSet(set: ReplicaSet): Promise<void> {
    const revision = nextRevision(this.#oldSets);
    const annotations = newSetAnnotations(this.#deployment, set, revision);
    const minReadySeconds = this.#deployment.spec?.minReadySeconds ?? 0;
    const current = set.spec?.minReadySeconds ?? 0;
    if (!sameAnnotations(set.metadata?.annotations, annotations) || current !== minReadySeconds) {
      this.#newSet = await this.#context.client.update(replicaSets, {
        ...set,
        metadata: { ...set.metadata, annotations },
        ...(set.spec === undefined ? {} : { spec: { ...set.spec, minReadySeconds } }),
      });
    }
    const known = deploymentCondition(this.#deployment.status, 'Progressing') !== undefined;
    let status = this.#deployment.status ?? {};
    if (hasProgressDeadline(this.#deployment) && !known) {
      const message = `Found new replica set ${JSON.stringify(set.metadata?.name)}`;
      const reason = 'FoundNewReplicaSet';
      const next = newCondition('Progressing', 'True', reason, message, this.#nowMs);
      status = withCondition(status, next);
    }
    await this.#writeStatus(status, revisionOf(this.#newSet ?? set));
  }

  async #createNewSet(): Promise<void> {
    const { client, events } = this.#context;
    const deployment = this.#deployment;
    const revision = nextRevision(this.#oldSets);
    const set = this.#newSetOf(revision);
    const replicas = sizeOf(set);
    const name = set.metadata?.name ?? '';
    let existed = false;
    try {
      this.#newSet = await client.create(replicaSets, set);
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) return this.#createFailed(name, error);
      existed = true;
      this.#newSet = await this.#sameNamed(name, error);
    }
    if (!existed && replicas > 0) {
      const message = `Scaled up replica set ${name} from 0 to ${replicas}`;
      events.event(deployments, deployment, 'Normal', 'ScalingReplicaSet', message);
    }
    let status = deployment.status ?? {};
    if (!existed && hasProgressDeadline(deployment)) {
      const message = `Created new replica set ${JSON.stringify(name)}`;
      const reason = 'NewReplicaSetCreated';
      const next = newCondition('Progressing', 'True', reason, message, this.#nowMs);
      status = withCondition(status, next);
    }
    await this.#writeStatus(status, revision);
  }

  #newSetOf(revision: bigint): ReplicaSet {
    const { spec, metadata, status } = this.#deployment;
    const hash = templateHash(spec?.template, status?.collisionCount);
    const template = spec?.template ?? {};
    const labels = { ...template.metadata?.labels, [templateHashLabel]: hash };
    const selector = spec?.selector ?? {};
    return {
      metadata: {
        name: `${metadata?.name}-${hash}`,
        namespace: metadata?.namespace ?? '',
        ownerReferences: [controllerReference(deployments, this.#deployment)],
        labels,
        annotations: newSetAnnotations(this.#deployment, undefined, revision),
      },
      spec: {
        replicas: newSetSize(this.#deployment, this.#oldSets, 0),
        minReadySeconds: spec?.minReadySeconds ?? 0,
        selector: {
          ...selector,
          matchLabels: { ...selector.matchLabels, [templateHashLabel]: hash },
        },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    };
  }

  /** The ReplicaSet that has the name already: ours from a lost answer, or a hash collision. */
  async #sameNamed(name: string, error: unknown): Promise<ReplicaSet> {
    const { client } = this.#context;
    const namespace = this.#deployment.metadata?.namespace ?? '';
    const found = await client.get(replicaSets, namespace, name);
    const template = this.#deployment.spec?.template;
    const own = isControlledBy(found, this.#deployment);
    if (own && sameTemplate(found.spec?.template, template)) return found;
    const collisionCount = (this.#deployment.status?.collisionCount ?? 0) + 1;
    await this.#writeStatus({ ...this.#deployment.status, collisionCount });
    throw error;
  }

  async #createFailed(name: string, error: unknown): Promise<never> {
    if (isNamespaceTerminating(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    const message = `Failed to create new replica set ${JSON.stringify(name)}: ${why}`;
    if (hasProgressDeadline(this.#deployment)) {
      const reason = 'ReplicaSetCreateError';
      const next = newCondition('Progressing', 'False', reason, message, this.#nowMs);
      await this.#writeStatus(withCondition(this.#deployment.status ?? {}, next));
    }
    const { events } = this.#context;
    events.event(deployments, this.#deployment, 'Warning', 'ReplicaSetCreateError', message);
    throw error;
  }

  /** @param always also when only the noted sizes of the deployment have changed */
  async #resize(set: ReplicaSet, replicas: number, always = false): Promise<void> {
    const from = sizeOf(set);
    const annotations = { ...set.metadata?.annotations, ...sizeAnnotations(this.#deployment) };
    const noted = sameAnnotations(set.metadata?.annotations, annotations);
    if (from === replicas && (noted || !always)) return;
    const { client, events } = this.#context;
    const updated = await client.update(replicaSets, {
      ...set,
      metadata: { ...set.metadata, annotations },
      ...(set.spec === undefined ? {} : { spec: { ...set.spec, replicas } }),
    });
    if (set === this.#newSet) this.#newSet = updated;
    this.#oldSets = this.#oldSets.map((each) => (each === set ? updated : each));
    if (from === replicas) return;
    const way = from < replicas ? 'up' : 'down';
    const message = `Scaled ${way} replica set ${set.metadata?.name} from ${from} to ${replicas}`;
    events.event(deployments, this.#deployment, 'Normal', 'ScalingReplicaSet', message);
  }

  /** Deletes old, empty ReplicaSets beyond the history limit. */
  async #cleanUp(): Promise<void> {
    const limit = this.#deployment.spec?.revisionHistoryLimit;
    if (limit === undefined) return;
    const kept = this.#oldSets.filter((set) => set.metadata?.deletionTimestamp === undefined);
    const surplus = [...kept].sort((a, b) => Number(revisionOf(a) - revisionOf(b)));
    for (const set of surplus.slice(0, Math.max(0, kept.length - limit))) {
      const { name = '', namespace = '', generation = 0 } = set.metadata ?? {};
      const stale = generation > (set.status?.observedGeneration ?? 0);
      if (sizeOf(set) !== 0 || (set.status?.replicas ?? 0) !== 0 || availableOf(set) !== 0)
        continue;
      if (stale) continue;
      await this.#context.client.delete(replicaSets, namespace, name).catch(ignoreNotFound);
    }
  }

  async #writeStatus(status: DeploymentStatus, revision?: bigint): Promise<void> {
    const deployment = this.#deployment;
    const text = revision === undefined || revision === 0n ? undefined : String(revision);
    const known = deployment.metadata?.annotations?.[revisionAnnotation];
    const sameRevision = text === undefined || text === known;
    const before = canonicalJson(withoutZeros(deployment.status ?? {}));
    if (sameRevision && before === canonicalJson(withoutZeros(status))) return;
    const annotations = sameRevision
      ? {}
      : { annotations: { ...deployment.metadata?.annotations, [revisionAnnotation]: text } };
    const metadata = { ...deployment.metadata, ...annotations };
    this.#deployment = await this.#context.client.update(
      deployments,
      { ...deployment, metadata, status },
      { subresource: 'status' },
    );
  }
}

/** The API drops zero counts and empty lists; they must not look like a change. */
function withoutZeros(status: DeploymentStatus): object {
  return Object.fromEntries(
    Object.entries(status).filter(
      ([key, value]) =>
        (value !== 0 || key === 'terminatingReplicas') &&
        !(Array.isArray(value) && value.length === 0),
    ),
  );
}
