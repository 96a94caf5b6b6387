// /metrics/slis: how each health check went when it was last asked for, and how often it went how.
import { Metrics } from '../metrics.ts';
import type { HealthEndpoint } from './health.ts';

/** The results of checks, under upstream's names (KEP-3466). */
export class HealthMetrics {
  readonly #metrics = new Metrics();
  readonly #last = this.#metrics.gauge({
    name: 'kubernetes_healthcheck',
    help: 'This metric records the result of a single healthcheck.',
    labels: ['name', 'type'],
    stability: 'STABLE',
  });
  readonly #total = this.#metrics.counter({
    name: 'kubernetes_healthchecks_total',
    help: 'This metric records the results of all healthcheck.',
    labels: ['name', 'status', 'type'],
    stability: 'STABLE',
  });

  observe(endpoint: HealthEndpoint, check: string, passed: boolean): void {
    this.#last.with(check, endpoint).set(passed ? 1 : 0);
    this.#total.with(check, passed ? 'success' : 'error', endpoint).add();
  }

  text(): string {
    return this.#metrics.text();
  }
}
