// Runs one probe or lifecycle action: a command in the container, a request to the pod, a pause.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { type Clock, sleep } from '../../clock.ts';
import type { Pod } from '../../objects.ts';
import { type ExecResult, type Runtime, RuntimeTimeoutError } from '../runtime.ts';
import type { PodContainer } from './pod.ts';

type Container = PodContainer['spec'];
export type Probe = NonNullable<Container['livenessProbe']>;
type HttpGet = NonNullable<Probe['httpGet']>;
export type LifecycleHandler = NonNullable<NonNullable<Container['lifecycle']>['preStop']>;

export interface HandlerTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  /** The pod's address, or the node's for pods on its network. */
  readonly address: string;
}

export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

const bodyBytesMax = 10 * 1024;

/** Who runs probes: over the network on real nodes, by decree on simulated ones. */
export interface ProbeRunner {
  run(kind: string, probe: Probe, target: HandlerTarget): Promise<Outcome>;
}

/** A port's number, or that of the container's port with this name. */
export function portNumber(port: string | number | object, container: Container): number {
  const text = String(port);
  const numeric = /^\d+$/.test(text)
    ? Number(text)
    : container.ports?.find(({ name }) => name === text)?.containerPort;
  if (numeric === undefined || numeric < 1 || numeric > 65535) {
    throw new Error(`couldn't find port: ${text}`);
  }
  return numeric;
}

function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** One GET as probes do it: certificates unchecked, redirects within the host not followed. */
export function httpGet(
  action: HttpGet,
  target: HandlerTarget,
  timeoutMs: number,
  agentName: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const secure = action.scheme === 'HTTPS';
  const host = action.host || target.address;
  const port = portNumber(action.port, target.container);
  const headers: Record<string, string> = { 'User-Agent': agentName, Accept: '*/*' };
  for (const { name, value } of action.httpHeaders ?? []) headers[name] = value;
  const path = action.path || '/';
  const url = `${secure ? 'https' : 'http'}://${hostPort(host, port)}${path}`;
  return new Promise((resolve, reject) => {
    const options = {
      host,
      port,
      path,
      headers,
      agent: false,
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(timeoutMs),
    };
    const send = secure ? httpsRequest : httpRequest;
    const fail = (error: Error) => {
      const late = error.name === 'TimeoutError' || error.name === 'AbortError';
      const why = late
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : dialError(error, hostPort(host, port));
      reject(new Error(`Get "${url}": ${why}`));
    };
    const outgoing = send(options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (body.length < bodyBytesMax) body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', fail);
    });
    outgoing.on('error', fail);
    outgoing.end();
  });
}

function dialError(error: Error, address: string): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return `dial tcp ${address}: connect: connection refused`;
  if (code === 'EHOSTUNREACH') return `dial tcp ${address}: connect: no route to host`;
  return error.message;
}

function tcpConnect(host: string, port: number, timeoutMs: number): Promise<Outcome> {
  const address = hostPort(host, port);
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal: AbortSignal.timeout(timeoutMs) });
    const done = (ok: boolean, output: string) => {
      socket.destroy();
      resolve({ ok, output });
    };
    socket.on('connect', () => done(true, ''));
    socket.on('error', (error) => {
      const late = error.name === 'AbortError' || error.name === 'TimeoutError';
      done(false, late ? `dial tcp ${address}: i/o timeout` : dialError(error, address));
    });
  });
}

async function grpcHealth(
  host: string,
  port: number,
  service: string,
  timeoutMs: number,
): Promise<Outcome> {
  const grpc = await import('@grpc/grpc-js');
  const { goCodeName } = await import('../../grpc.ts');
  const failure = (error: { readonly code: number; readonly details: string }) =>
    grpcFailure(goCodeName(error.code), error.details, hostPort(host, port), timeoutMs);
  const client = new grpc.Client(hostPort(host, port), grpc.credentials.createInsecure());
  const name = Buffer.from(service);
  // HealthCheckRequest{service = 1} and HealthCheckResponse{status = 1}, small enough by hand.
  const body = name.length === 0 ? name : Buffer.concat([Buffer.from([10, name.length]), name]);
  try {
    return await new Promise<Outcome>((resolve) => {
      client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        (value: Buffer) => value,
        (bytes: Buffer) => bytes,
        body,
        { deadline: wallDeadline(timeoutMs) },
        (error, answer) => {
          if (error !== null) resolve({ ok: false, output: failure(error) });
          else if (answer?.[0] === 8 && answer[1] === 1) resolve({ ok: true, output: '' });
          else
            resolve({
              ok: false,
              output: `service unhealthy (responded with "${statusName(answer)}")`,
            });
        },
      );
    });
  } finally {
    client.close();
  }
}

/** Upstream's words for each way a health check fails. */
function grpcFailure(code: string, details: string, address: string, timeoutMs: number): string {
  const within = `${timeoutMs / 1000}s`;
  switch (code) {
    case 'Unavailable':
      return (
        `timeout: failed to connect service "${address}" within ${within}: ` +
        'context deadline exceeded'
      );
    case 'Unimplemented':
      return (
        'error: this server does not implement the grpc health protocol ' +
        `(grpc.health.v1.Health): ${details}`
      );
    case 'DeadlineExceeded':
      return `timeout: health rpc did not complete within ${within}`;
    default:
      return `error: health rpc probe failed: rpc error: code = ${code} desc = ${details}`;
  }
}

function wallDeadline(timeoutMs: number): Date {
  // gRPC's deadline is wall time by nature: it is a socket's.
  return new Date(performance.timeOrigin + performance.now() + timeoutMs);
}

function statusName(answer: Buffer | undefined): string {
  return ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][answer?.[1] ?? 0] ?? 'UNKNOWN';
}

async function probeCommand(
  runtime: Runtime,
  id: string,
  command: readonly string[],
  timeoutMs: number,
): Promise<ExecResult> {
  try {
    return await runtime.execSync(id, command, timeoutMs);
  } catch (error) {
    if (!(error instanceof RuntimeTimeoutError)) throw error;
    const shown = JSON.stringify(command.join(' '));
    throw new Error(`command timed out: ${shown} timed out after ${timeoutMs / 1000}s`);
  }
}

/** Probes as a real node runs them. */
export function networkProbes(runtime: Runtime): ProbeRunner {
  return {
    async run(_kind, probe, target) {
      const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
      if (probe.exec !== undefined) {
        const command = probe.exec.command ?? [];
        const result = await probeCommand(runtime, target.containerId, command, timeoutMs);
        const output = Buffer.concat([result.stdout, result.stderr]).toString();
        return { ok: result.exitCode === 0, output: output.slice(0, bodyBytesMax) };
      }
      if (probe.httpGet !== undefined) {
        const { status, body } = await httpGet(probe.httpGet, target, timeoutMs, 'kube-probe/1.36');
        const ok = status >= 200 && status < 400;
        return { ok, output: ok ? body : `HTTP probe failed with statuscode: ${status}` };
      }
      if (probe.tcpSocket !== undefined) {
        const host = probe.tcpSocket.host || target.address;
        return tcpConnect(host, portNumber(probe.tcpSocket.port, target.container), timeoutMs);
      }
      if (probe.grpc !== undefined) {
        return grpcHealth(target.address, probe.grpc.port, probe.grpc.service ?? '', timeoutMs);
      }
      return { ok: true, output: '' };
    },
  };
}

/** Runs a postStart or preStop handler. @throws Error whose message goes into the event */
export async function runHandler(
  handler: LifecycleHandler,
  target: HandlerTarget,
  runtime: Runtime,
  clock: Clock,
  timeoutMs: number,
): Promise<void> {
  if (handler.exec !== undefined) {
    const command = handler.exec.command ?? [];
    const result = await runtime.execSync(target.containerId, command, timeoutMs);
    if (result.exitCode === 0) return;
    const text = Buffer.concat([result.stdout, result.stderr]).toString();
    throw new Error(
      `command '${command.join(' ')}' exited with ${result.exitCode}: ${text.slice(0, 1024)}`,
    );
  }
  if (handler.httpGet !== undefined) {
    await httpGet(handler.httpGet, target, timeoutMs, 'kube-lifecycle/1.36');
    return;
  }
  if (handler.sleep !== undefined) await sleep(clock, handler.sleep.seconds * 1000);
}
