// Durations in Go's notation, and Go's words for what is none.
import t from 'tap';
import { parseGoDuration } from './go-duration.ts';

t.test('what Go reads', async (t) => {
  const cases: readonly [string, number][] = [
    ['0', 0],
    ['0s', 0],
    ['1h30m', 5_400_000],
    ['-1.5s', -1500],
    ['+.5m', 30_000],
    ['250ms', 250],
    ['1us', 1e-3],
  ];
  for (const [text, ms] of cases) t.equal(parseGoDuration(text), ms, text);
});

t.test('what Go does not', async (t) => {
  const cases: readonly [string, string][] = [
    ['', 'time: invalid duration ""'],
    ['-', 'time: invalid duration "-"'],
    ['invalid', 'time: invalid duration "invalid"'],
    ['10', 'time: missing unit in duration "10"'],
    ['10x', 'time: unknown unit "x" in duration "10x"'],
  ];
  for (const [text, message] of cases) t.throws(() => parseGoDuration(text), { message });
});
