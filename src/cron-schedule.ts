// Cron schedules as CronJobs write them: five fields or a descriptor, and what is wrong with others.
import { GoDurationError, parseGoDuration } from './go-duration.ts';

/** Says what is wrong in the words of robfig/cron, which upstream shows to its clients. */
export class CronScheduleError extends Error {}

/** Values of a field that match; `any` when it was `*`, which matters for the two day fields. */
export interface CronField {
  readonly values: ReadonlySet<number>;
  readonly any: boolean;
}

/** A schedule in a zone of its own (`TZ=…`), else in the zone of who asks. */
export type CronSchedule = { readonly timeZone: string | undefined } & (
  | {
      readonly minute: CronField;
      readonly hour: CronField;
      readonly dayOfMonth: CronField;
      readonly month: CronField;
      readonly dayOfWeek: CronField;
    }
  | { readonly everyMs: number }
);

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const bounds = {
  minute: { min: 0, max: 59 },
  hour: { min: 0, max: 23 },
  dayOfMonth: { min: 1, max: 31 },
  month: { min: 1, max: 12, names: 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ') },
  dayOfWeek: { min: 0, max: 6, names: 'sun mon tue wed thu fri sat'.split(' ') },
} satisfies Record<string, Bounds>;

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** @throws CronScheduleError */
export function parseCronSchedule(text: string): CronSchedule {
  if (text === '') throw new CronScheduleError('empty spec string');
  const { timeZone, rest } = splitZone(text);
  if (rest.startsWith('@every ')) return { timeZone, everyMs: everyMs(rest) };
  if (rest.startsWith('@') && descriptors[rest] === undefined) {
    throw new CronScheduleError(`unrecognized descriptor: ${rest}`);
  }
  const fields = (descriptors[rest] ?? rest).split(/\s+/).filter((each) => each !== '');
  if (fields.length !== 5) {
    const found = `found ${fields.length}: [${fields.join(' ')}]`;
    throw new CronScheduleError(`expected exactly 5 fields, ${found}`);
  }
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = fields;
  return {
    timeZone,
    minute: readField(minute, bounds.minute),
    hour: readField(hour, bounds.hour),
    dayOfMonth: readField(dayOfMonth, bounds.dayOfMonth),
    month: readField(month, bounds.month),
    dayOfWeek: readField(dayOfWeek, bounds.dayOfWeek),
  };
}

function splitZone(text: string): { timeZone: string | undefined; rest: string } {
  if (!text.startsWith('TZ=') && !text.startsWith('CRON_TZ=')) {
    return { timeZone: undefined, rest: text };
  }
  const space = text.indexOf(' ');
  if (space < 0) {
    // The library slices out of bounds here; the server survives it and says so.
    const why = 'runtime error: slice bounds out of range [:-1]';
    throw new CronScheduleError(`invalid schedule format: ${why}`);
  }
  const timeZone = text.slice(text.indexOf('=') + 1, space);
  const wrong = timeZoneError(timeZone);
  if (wrong !== undefined) {
    throw new CronScheduleError(`provided bad location ${timeZone}: ${wrong}`);
  }
  return { timeZone: timeZone || 'UTC', rest: text.slice(space).trim() };
}

/** Why Go's time.LoadLocation refuses a zone; undefined where it does not. */
export function timeZoneError(name: string): string | undefined {
  if (name === '' || name === 'UTC' || name === 'Local') return undefined;
  const unknown = `unknown time zone ${name}`;
  if (/^[+-]/.test(name)) return unknown;
  try {
    // Zones are files to Go, so their case counts; Intl puts another case right.
    const known = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
    return known.toLowerCase() === name.toLowerCase() && known !== name ? unknown : undefined;
  } catch {
    return unknown;
  }
}

function readField(field: string, limits: Bounds): CronField {
  const values = new Set<number>();
  let any = false;
  for (const range of field.split(',').filter((each) => each !== '')) {
    const { start, end, step, star } = readRange(range, limits);
    for (let value = start; value <= end; value += step) values.add(value);
    any ||= star;
  }
  return { values, any };
}

function readRange(range: string, limits: Bounds) {
  const [span = '', stepText, ...moreSteps] = range.split('/');
  const [low = '', high, ...moreHighs] = span.split('-');
  const all = low === '*' || low === '?';
  const start = all ? limits.min : readNumber(low, limits.names, limits.min);
  let end = all ? limits.max : start;
  if (!all && high !== undefined) {
    if (moreHighs.length > 0) throw new CronScheduleError(`too many hyphens: ${range}`);
    end = readNumber(high, limits.names, limits.min);
  }
  if (moreSteps.length > 0) throw new CronScheduleError(`too many slashes: ${range}`);
  let step = 1;
  if (stepText !== undefined) {
    step = readNumber(stepText);
    // `3/5` counts from 3 on.
    if (high === undefined) end = limits.max;
  }
  if (start < limits.min) {
    const why = `beginning of range (${start}) below minimum (${limits.min}): ${range}`;
    throw new CronScheduleError(why);
  }
  if (end > limits.max) {
    throw new CronScheduleError(`end of range (${end}) above maximum (${limits.max}): ${range}`);
  }
  if (start > end) {
    const why = `beginning of range (${start}) beyond end of range (${end}): ${range}`;
    throw new CronScheduleError(why);
  }
  if (step === 0) {
    throw new CronScheduleError(`step of range should be a positive number: ${range}`);
  }
  return { start, end, step, star: all && step === 1 };
}

function readNumber(text: string, names?: readonly string[], first = 0): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + first;
  if (!/^[-+]?\d+$/.test(text)) {
    const why = `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw new CronScheduleError(`failed to parse int from ${text}: ${why}`);
  }
  const number = Number(text);
  if (!Number.isSafeInteger(number)) {
    const why = `strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`;
    throw new CronScheduleError(`failed to parse int from ${text}: ${why}`);
  }
  if (number < 0) {
    throw new CronScheduleError(`negative number (${number}) not allowed: ${text}`);
  }
  return number;
}

/** `@every 1h30m`; rounded to whole seconds, at least one, as the library does. */
function everyMs(descriptor: string): number {
  try {
    const ms = parseGoDuration(descriptor.slice('@every '.length));
    return Math.max(1000, Math.trunc(ms / 1000) * 1000);
  } catch (error) {
    if (!(error instanceof GoDurationError)) throw error;
    throw new CronScheduleError(`failed to parse duration ${descriptor}: ${error.message}`);
  }
}
