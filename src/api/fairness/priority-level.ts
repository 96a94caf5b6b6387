// One priority level at work: its share of the server's seats now, its queues, what it tells refused ones.
import type { PriorityLevelConfiguration } from '../../objects.ts';
import { QueueSet, type QueueSetParts, type QueuingMode } from './queue-set.ts';
import { RetryAfter } from './retry-after.ts';

/** The widest request as a part of a level's nominal seats. */
const widestPart = 0.15;

export class PriorityLevel {
  readonly name: string;
  readonly queues: QueueSet;
  readonly retryAfter = new RetryAfter();
  configuration: PriorityLevelConfiguration;
  /** Its object is gone; it goes as soon as the last of its requests has. */
  quiescing = false;
  nominal = 0;
  lowest = 0;
  highest = 0;
  current: number | undefined;
  /** The widest request it takes; 0: any. */
  seatsMax = 0;

  constructor(configuration: PriorityLevelConfiguration, parts: Omit<QueueSetParts, 'name'>) {
    this.name = configuration.metadata?.name ?? '';
    this.configuration = configuration;
    this.queues = new QueueSet({ ...parts, name: this.name }, modeOf(configuration) ?? 'reject');
  }

  get uid(): string {
    return this.configuration.metadata?.uid ?? '';
  }

  get exempt(): boolean {
    return this.configuration.spec?.type === 'Exempt';
  }

  /** Whether requests of it are told apart by flow. */
  get shards(): boolean {
    return (this.configuration.spec?.limited?.limitResponse?.queuing?.queues ?? 0) > 1;
  }

  get shares(): number {
    const { limited, exempt } = this.configuration.spec ?? {};
    return (limited ?? exempt)?.nominalConcurrencyShares ?? 0;
  }

  /** How many requests its queues hold. */
  get places(): number {
    const queuing = this.configuration.spec?.limited?.limitResponse?.queuing;
    return (queuing?.queues ?? 0) * (queuing?.queueLengthLimit ?? 0);
  }

  configure(configuration: PriorityLevelConfiguration): void {
    this.configuration = configuration;
    this.quiescing = false;
    this.queues.configure(modeOf(configuration) ?? 'reject');
  }

  /** Works out its bounds from its part of `serverSeats`; rounding up may overdraw them a little. */
  share(serverSeats: number, sharesSum: number): void {
    const { limited, exempt } = this.configuration.spec ?? {};
    const nominal = sharesSum === 0 ? 0 : Math.ceil((serverSeats * this.shares) / sharesSum);
    const lendable = part(nominal, (limited ?? exempt)?.lendablePercent ?? 0);
    const percent = limited?.borrowingLimitPercent;
    this.nominal = nominal;
    this.lowest = nominal - lendable;
    this.highest = nominal + (percent === undefined ? serverSeats : part(nominal, percent));
    this.current ??= nominal - Math.trunc(lendable / 2);
    const hand = limited?.limitResponse?.queuing?.handSize;
    this.seatsMax =
      hand === undefined
        ? 0
        : Math.max(1, Math.min(Math.ceil(nominal * widestPart), Math.trunc(nominal / hand)));
    const { series } = this.queues;
    series.nominal.set(this.nominal);
    series.lower.set(this.lowest);
    series.upper.set(this.highest);
  }
}

function part(whole: number, percent: number): number {
  return Math.round((whole * percent) / 100);
}

/** How a level queues; undefined when its parts contradict each other, and it is left out. */
export function modeOf({ metadata, spec }: PriorityLevelConfiguration): QueuingMode | undefined {
  const isExempt = spec?.type === 'Exempt';
  if (isExempt !== (metadata?.name === 'exempt')) return undefined;
  if (isExempt) return spec?.limited === undefined ? 'exempt' : undefined;
  const response = spec?.limited?.limitResponse;
  if (spec?.type !== 'Limited' || response === undefined) return undefined;
  if (response.type === 'Reject') return response.queuing === undefined ? 'reject' : undefined;
  if (response.queuing === undefined) return undefined;
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = response.queuing;
  return queues > 0 && handSize > 0 ? { queues, handSize, queueLengthLimit } : undefined;
}
