// The difference of two texts line by line, with a little context, as error messages show it.

const contextLines = 3;

/** Lines of `before` marked `-`, of `after` marked `+`; the common start and end are cut short. */
export function textDiff(before: string, after: string): string {
  const old = before.split('\n');
  const next = after.split('\n');
  let start = 0;
  while (start < old.length && start < next.length && old[start] === next[start]) start++;
  let end = 0;
  const most = Math.min(old.length, next.length) - start;
  while (end < most && old[old.length - 1 - end] === next[next.length - 1 - end]) end++;
  const head = old.slice(Math.max(0, start - contextLines), start);
  const tail = old.slice(old.length - end, old.length - end + contextLines);
  return [
    ...head.map((line) => `  ${line}`),
    ...old.slice(start, old.length - end).map((line) => `- ${line}`),
    ...next.slice(start, next.length - end).map((line) => `+ ${line}`),
    ...tail.map((line) => `  ${line}`),
    '',
  ].join('\n');
}
