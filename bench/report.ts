// The table of what was measured, for people and as JSON.
import { arch, cpus, platform, totalmem } from 'node:os';
import type { Row } from './measurement.ts';
import { median } from './statistics.ts';

export interface Report {
  readonly machine: string;
  readonly rows: readonly (Row & { readonly median: number; readonly reached?: boolean })[];
}

export function createReport(rows: readonly Row[]): Report {
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  return {
    machine: `${cpus().length} CPUs, ${gigabytes} GiB, ${platform()}/${arch()}, ${process.version}`,
    rows: rows.map((row) => {
      const middle = median(row.runs);
      const { goal } = row;
      if (goal === undefined) return { ...row, median: middle };
      const reached = 'atMost' in goal ? middle <= goal.atMost : middle >= goal.atLeast;
      return { ...row, median: middle, reached };
    }),
  };
}

function digits(value: number): string {
  if (value >= 1000) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function goalText({ goal, unit }: Row): string {
  if (goal === undefined) return '';
  return 'atMost' in goal ? `≤ ${goal.atMost} ${unit}` : `≥ ${goal.atLeast} ${unit}`;
}

/** A Markdown table, so that it can be pasted where the figures are kept. */
export function renderReport(report: Report): string {
  const lines = report.rows.map((row) => {
    const spread = row.runs.length > 1 ? row.runs.map(digits).join(' ') : '';
    const mark = row.reached === undefined ? '' : row.reached ? ' ✓' : ' ✗';
    const gap = row.unit.startsWith('/') ? '' : ' ';
    const { health } = row;
    const client =
      health === undefined
        ? ''
        : `gc ${health.gcTotalMs.toFixed(0)} ms (longest ${health.gcLongestMs.toFixed(1)}), ` +
          `loop p99 ${health.loopDelayP99Ms.toFixed(1)} ms`;
    return [
      row.what,
      `${digits(row.median)}${gap}${row.unit}`,
      goalText(row) + mark,
      spread,
      row.note ?? '',
      client,
    ];
  });
  const head = ['what', 'median', 'goal', 'runs', 'note', 'load process'];
  const rows = [head, head.map(() => '---'), ...lines];
  return `${report.machine}\n\n${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}
