// The difference of two objects line by line, with a little context, as error messages show it.

const contextLines = 3;

/** Lines of `before` marked `-`, of `after` marked `+`; the common start and end are cut short. */
function textDiff(before: string, after: string): string {
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

/** The difference of two objects as indented JSON, keys in order, so that only real ones show. */
export function objectDiff(before: object, after: object): string {
  return textDiff(pretty(before), pretty(after));
}

function pretty(object: object): string {
  return JSON.stringify(
    object,
    (_, value: unknown) =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    2,
  );
}
