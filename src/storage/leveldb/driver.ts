// The embedded store: the revision log in a LevelDB directory.
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Driver } from '../driver.ts';
import { LogDriver } from '../log-driver.ts';
import { forkToMemory } from '../memory.ts';
import { databaseStore, loadIndex, openDatabase } from './database.ts';

/**
 * Opens (or creates) the store in `directory`. Writes that wait while the disk syncs share the
 * next sync. Every key with its revisions is kept in memory (not the values): 30,000 pods take
 * about 5 MB, a swap then needs no read, and opening reads only the small rows.
 *
 * @param options.durable whether an answered write survives a power cut (default) or only the
 *   end of the process
 * @throws DataDirectoryInUseError, DataDirectoryCorruptError
 */
export async function openLevelDriver(options: {
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly durable?: boolean;
}): Promise<Driver> {
  const { directory, clock, logger, durable = true } = options;
  const database = await openDatabase(directory);
  try {
    const index = await loadIndex(database, directory);
    const store = databaseStore(database, durable);
    // A crash may have come between a compaction and its end.
    const { dropped } = index.dropSome(Number.POSITIVE_INFINITY);
    if (dropped.length > 0) await store.drop(dropped);
    logger.info('opened the store', { directory, revision: index.committed, durable });
    return new LogDriver({ store, index, clock, fork: forkToMemory(clock) });
  } catch (error) {
    await database.close();
    throw error;
  }
}
