// Probes and lifecycle hooks: one handler each, sane numbers.
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { validateHttpHeaderName, validatePortName, validatePortNumber } from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import type { Container, HttpGetAction, LifecycleHandler, Probe } from './types.ts';

interface Handler {
  readonly exec?: { readonly command?: readonly string[] };
  readonly httpGet?: HttpGetAction;
  readonly tcpSocket?: { readonly port: number | string };
  readonly grpc?: { readonly port: number };
  readonly sleep?: { readonly seconds: number };
}

/** A port given by number or by name. */
export function validatePortNumberOrName(
  port: number | string | undefined,
  path: FieldPath,
): FieldError[] {
  if (typeof port === 'string') return invalidEach(path, port, validatePortName(port));
  return invalidEach(path, port ?? 0, validatePortNumber(port ?? 0));
}

export function validateNonNegative(value: number | undefined, path: FieldPath): FieldError[] {
  if (value === undefined || value >= 0) return [];
  return [invalidValue(path, value, 'must be greater than or equal to 0')];
}

function validateHttpGet(action: HttpGetAction, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (!action.path) errors.push(required(path.child('path')));
  errors.push(...validatePortNumberOrName(action.port, path.child('port')));
  if (action.scheme !== 'HTTP' && action.scheme !== 'HTTPS') {
    errors.push(notSupported(path.child('scheme'), action.scheme ?? '', ['HTTP', 'HTTPS']));
  }
  for (const { name } of action.httpHeaders ?? []) {
    errors.push(...invalidEach(path.child('httpHeaders'), name, validateHttpHeaderName(name)));
  }
  return errors;
}

function validateOneHandler(
  handler: Handler,
  kind: keyof Handler,
  path: FieldPath,
  graceSeconds: number,
): FieldError[] {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (kind === 'exec') {
    return (exec?.command ?? []).length === 0 ? [required(path.child('command'))] : [];
  }
  if (kind === 'httpGet' && httpGet) return validateHttpGet(httpGet, path);
  if (kind === 'tcpSocket' && tcpSocket) {
    return validatePortNumberOrName(tcpSocket.port, path.child('port'));
  }
  if (kind === 'grpc' && grpc) {
    return invalidEach(path.child('port'), grpc.port, validatePortNumber(grpc.port));
  }
  if (kind === 'sleep' && sleep && (sleep.seconds < 0 || sleep.seconds > graceSeconds)) {
    const why = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
    return [invalidValue(path, sleep.seconds, why)];
  }
  return [];
}

const handlerKinds = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

function validateHandler(handler: Handler, path: FieldPath, graceSeconds: number): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  for (const kind of handlerKinds) {
    if (!handler[kind]) continue;
    const own = path.child(kind);
    if (count > 0) {
      errors.push(forbiddenField(own, 'may not specify more than 1 handler type'));
    } else {
      errors.push(...validateOneHandler(handler, kind, own, graceSeconds));
    }
    count++;
  }
  if (count === 0) errors.push(required(path, 'must specify a handler type'));
  return errors;
}

function validateProbe(probe: Probe, path: FieldPath, graceSeconds: number): FieldError[] {
  const errors = validateHandler(probe, path, graceSeconds);
  const numbers = [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const;
  for (const name of numbers) errors.push(...validateNonNegative(probe[name], path.child(name)));
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    errors.push(
      invalidValue(path.child('terminationGracePeriodSeconds'), grace, 'must be greater than 0'),
    );
  }
  return errors;
}

/** Liveness, readiness and startup probes of one container. */
export function validateProbes(
  container: Pick<Container, 'livenessProbe' | 'readinessProbe' | 'startupProbe'>,
  path: FieldPath,
  graceSeconds: number,
): FieldError[] {
  const errors: FieldError[] = [];
  const { livenessProbe, readinessProbe, startupProbe } = container;
  if (livenessProbe) {
    const own = path.child('livenessProbe');
    errors.push(...validateProbe(livenessProbe, own, graceSeconds));
    errors.push(...validateSuccessThreshold(livenessProbe, own));
  }
  if (readinessProbe) {
    const own = path.child('readinessProbe');
    errors.push(...validateProbe(readinessProbe, own, graceSeconds));
    const grace = readinessProbe.terminationGracePeriodSeconds;
    if (grace !== undefined) {
      const gracePath = own.child('terminationGracePeriodSeconds');
      errors.push(invalidValue(gracePath, grace, 'must not be set for readinessProbes'));
    }
  }
  if (startupProbe) {
    const own = path.child('startupProbe');
    errors.push(...validateProbe(startupProbe, own, graceSeconds));
    errors.push(...validateSuccessThreshold(startupProbe, own));
  }
  return errors;
}

function validateSuccessThreshold({ successThreshold }: Probe, path: FieldPath): FieldError[] {
  if (successThreshold === undefined || successThreshold === 1) return [];
  return [invalidValue(path.child('successThreshold'), successThreshold, 'must be 1')];
}

export function validateLifecycle(
  lifecycle: Container['lifecycle'],
  path: FieldPath,
  graceSeconds: number,
): FieldError[] {
  if (!lifecycle) return [];
  const hooks = ['postStart', 'preStop'] as const;
  return hooks.flatMap((name) => {
    const handler: LifecycleHandler | undefined = lifecycle[name];
    return handler ? validateHandler(handler, path.child(name), graceSeconds) : [];
  });
}
