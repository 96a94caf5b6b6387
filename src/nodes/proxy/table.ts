// Keeps one nftables table equal to the wanted ruleset: only differences, all of them or none.
import type { Logger } from '../../logger.ts';
import type { RunCommand } from '../network/command.ts';
import { type Ruleset, replaceTable, updateTable } from './ruleset.ts';

/** The kernel's copy of one ruleset. One call at a time. */
export interface Table {
  apply(next: Ruleset): Promise<void>;
  /** Forgets what is there if somebody has removed it, so that the next `apply` writes all. */
  check(): Promise<boolean>;
}

export function createTable(run: RunCommand, logger: Logger): Table {
  let applied: Ruleset | undefined;
  return {
    async apply(next) {
      const last = applied;
      if (last !== undefined) {
        const batch = updateTable(last, next);
        if (batch === '') return;
        try {
          await run('nft', ['-f', '-'], batch);
          applied = next;
          return;
        } catch (error) {
          // The kernel's table is not what we think it is. It is still whole: start over.
          logger.warn('cannot update the ruleset, replacing it', { why: String(error) });
          applied = undefined;
        }
      }
      await run('nft', ['-f', '-'], replaceTable(next));
      applied = next;
    },
    async check() {
      if (applied === undefined) return false;
      const { family, table } = applied;
      try {
        await run('nft', ['list', 'chain', family, table, 'services']);
        return true;
      } catch {
        applied = undefined;
        return false;
      }
    },
  };
}
