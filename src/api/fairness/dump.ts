// /debug/api_priority_and_fairness/dump_*: levels, queues and requests as upstream's aligned tables.
import type { RequestInfo } from '../request-info.ts';
import type { Fairness } from './fairness.ts';
import type { SeatRequest } from './seat-request.ts';

const prefix = '/debug/api_priority_and_fairness/';
const widthMin = 8;

/** The dump that a path asks for, or undefined. */
export function dumpFairness(fairness: Fairness, info: RequestInfo): string | undefined {
  switch (info.path) {
    case `${prefix}dump_priority_levels`:
      return aligned(levelRows(fairness));
    case `${prefix}dump_queues`:
      return aligned(queueRows(fairness));
    case `${prefix}dump_requests`:
      return aligned(requestRows(fairness, (info.query.get('includeRequestDetails') ?? '') !== ''));
    default:
      return undefined;
  }
}

type Row = readonly (string | number | boolean)[];

/** As Go's tabwriter: every column but the last is as wide as its widest cell and a space. */
function aligned(rows: readonly Row[]): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, at) =>
    rows.reduce((most, row) => Math.max(most, String(row[at]).length + 2), widthMin),
  );
  const cell = (value: Row[number], at: number) =>
    at === columns - 1 ? String(value) : `${value},`.padEnd(widths[at] ?? 0);
  return rows.map((row) => `${row.map(cell).join('')}\n`).join('');
}

function levelRows(fairness: Fairness): readonly Row[] {
  const header = [
    'PriorityLevelName',
    'ActiveQueues',
    'IsIdle',
    'IsQuiescing',
    'WaitingRequests',
    'ExecutingRequests',
    'DispatchedRequests',
    'RejectedRequests',
    'TimedoutRequests',
    'CancelledRequests',
  ];
  const levels = [...fairness.levels.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    header,
    ...levels.map(({ name, queues, quiescing }) => [
      name,
      [...queues.queues].filter(({ waiting }) => waiting.length > 0).length,
      queues.idle,
      quiescing,
      queues.waiting,
      queues.executing,
      queues.counts.dispatched,
      queues.counts.rejected,
      0,
      queues.counts.cancelled,
    ]),
  ];
}

function queueRows(fairness: Fairness): readonly Row[] {
  const rows: Row[] = [
    [
      'PriorityLevelName',
      'Index',
      'PendingRequests',
      'ExecutingRequests',
      'SeatsInUse',
      'NextDispatchR',
      'InitialSeatsSum',
      'MaxSeatsSum',
      'TotalWorkSum',
    ],
  ];
  for (const { name, queues } of fairness.levels.values()) {
    // Queues exist only while somebody is in them; only those tell anything.
    for (const queue of queues.queues) {
      rows.push([
        name,
        queue.index,
        queue.waiting.length,
        queue.executing.size,
        queue.seatsInUse,
        seatSeconds(queue.nextDispatchR),
        queue.initialSeatsWaiting,
        queue.seatsWaiting,
        seatSeconds(queue.workWaiting),
      ]);
    }
  }
  return rows;
}

function requestRows(fairness: Fairness, details: boolean): readonly Row[] {
  const more = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource'];
  const rows: Row[] = [
    [
      'PriorityLevelName',
      'FlowSchemaName',
      'QueueIndex',
      'RequestIndexInQueue',
      'FlowDistingsher',
      'ArriveTime',
      'InitialSeats',
      'FinalSeats',
      'AdditionalLatency',
      'StartTime',
      ...(details ? [...more, 'SubResource'] : []),
    ],
  ];
  for (const { name, queues } of fairness.levels.values()) {
    const add = (request: SeatRequest, queue: number, index: number) =>
      rows.push([name, ...requestRow(request, queue, index, details)]);
    for (const { index, waiting, executing } of queues.queues) {
      waiting.forEach((request, at) => {
        add(request, index, at);
      });
      for (const request of executing) add(request, index, -1);
    }
    for (const request of queues.queueless) add(request, -1, -1);
  }
  return rows;
}

function requestRow(request: SeatRequest, queue: number, index: number, details: boolean): Row {
  const { schema, distinguisher, estimate, user, info, state } = request;
  const latency = estimate.additionalLatencyMs;
  return [
    schema,
    queue,
    index,
    distinguisher,
    dateOf(request.arrivalMs),
    estimate.initialSeats,
    estimate.finalSeats,
    latency === 0 ? '0s' : `${latency}ms`,
    state === 'waiting' ? '0001-01-01T00:00:00Z' : dateOf(request.startMs),
    ...(details ? [user.name, ...detailsOf(info)] : []),
  ];
}

function detailsOf(info: RequestInfo): Row {
  const { verb, path, namespace, name, group, version, resource, subresource } = info;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return [verb, path, namespace, name, apiVersion, resource, subresource];
}

/** A reading of the monotonic clock as a date. */
function dateOf(ms: number): string {
  return new Date(performance.timeOrigin + ms).toISOString();
}

function seatSeconds(value: number): string {
  return `${value.toFixed(8)}ss`;
}
