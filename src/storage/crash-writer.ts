// The program that crash.test.ts kills: writes without pause and prints each write it was promised.
import { writeSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import { openLevelDriver } from './leveldb/driver.ts';

/** Each writer owns one key and makes the same sequence of writes on it in every run. */
export const writers = 24;

/** The value of a writer's `step`, every byte known; undefined deletes. */
export function valueAt(key: string, step: number): Buffer | undefined {
  if (step % 10 === 9) return undefined;
  const head = `${key} ${step}\n`;
  return Buffer.concat([Buffer.from(head), Buffer.alloc((step * 997) % 8000, step % 251)]);
}

async function run(directory: string, round: string): Promise<void> {
  const driver = await openLevelDriver({ directory, clock: systemClock, logger: silentLogger });
  const write = async (writer: number) => {
    const key = `/round/${round}/${writer}`;
    let expected = 0;
    for (let step = 0; ; step++) {
      const value = valueAt(key, step);
      const result = await driver.compareAndSwap(key, expected, value);
      if (!result.ok) throw new Error(`${key} has a second writer`);
      // Blocks when the reader is slow: a stream would keep promises that a kill then swallows.
      writeSync(1, `${writer} ${step} ${result.revision}\n`);
      expected = value === undefined ? 0 : result.revision;
      if (writer === 0 && step % 7 === 6) await driver.compact(result.revision - 40);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
}

const [, program, directory, round] = process.argv;
if (program === import.meta.filename && directory !== undefined && round !== undefined) {
  await run(directory, round);
}
