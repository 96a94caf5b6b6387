// Indexes of an indexed job in their short form: `1,3-5,7`, in increasing order.

/** What is wrong with a list of indexes, in upstream's words. */
export class IndexError extends Error {}

type Interval = readonly [first: number, last: number];

function readIndex(text: string, completions: number): number {
  if (!/^[-+]?\d+$/.test(text)) {
    throw new IndexError(`cannot convert string to integer for index: ${JSON.stringify(text)}`);
  }
  const index = Number(text);
  if (index >= completions) throw new IndexError(`too large index: ${JSON.stringify(text)}`);
  return index;
}

function readInterval(text: string, completions: number): Interval {
  const [first = '', last, ...more] = text.split('-');
  if (more.length > 0) {
    throw new IndexError(
      `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can ` +
        "have at most two parts separated by '-'",
    );
  }
  const from = readIndex(first, completions);
  if (last === undefined) return [from, from];
  const to = readIndex(last, completions);
  if (from >= to) {
    throw new IndexError(`non-increasing order, previous: ${from}, current: ${to}`);
  }
  return [from, to];
}

/**
 * How many indexes there are.
 *
 * @throws IndexError
 */
export function countIndexes(text: string, completions: number): number {
  if (text === '') return 0;
  let total = 0;
  let previous: number | undefined;
  for (const part of text.split(',')) {
    const [first, last] = readInterval(part, completions);
    if (previous !== undefined && previous >= first) {
      throw new IndexError(`non-increasing order, previous: ${previous}, current: ${first}`);
    }
    total += last - first + 1;
    previous = last;
  }
  return total;
}

/** What `countIndexes` would throw. */
export function indexesError(text: string, completions: number): string | undefined {
  try {
    countIndexes(text, completions);
    return undefined;
  } catch (error) {
    if (error instanceof IndexError) return error.message;
    throw error;
  }
}

/** The intervals that can be read; the others are reported elsewhere. */
function readableIntervals(text: string, completions: number): Interval[] {
  return text.split(',').flatMap((part) => {
    try {
      return [readInterval(part, completions)];
    } catch (error) {
      if (error instanceof IndexError) return [];
      throw error;
    }
  });
}

/** The first index that is in both lists, found in one pass over each. */
export function overlappingIndex(a: string, b: string, completions: number): number | undefined {
  if (a === '' || b === '') return undefined;
  const left = readableIntervals(a, completions);
  const right = readableIntervals(b, completions);
  let [i, j] = [0, 0];
  for (;;) {
    const [one, other] = [left[i], right[j]];
    if (one === undefined || other === undefined) return undefined;
    if (one[0] <= other[1] && other[0] <= one[1]) return Math.max(one[0], other[0]);
    if (one[0] <= other[0]) i++;
    else j++;
  }
}
