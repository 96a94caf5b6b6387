// Ports of a Service: named when several, unique, and node ports only where the type has them.
import type { Service } from '../../objects.ts';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  notSupported,
  required,
} from '../field.ts';
import {
  validateDns1123Label,
  validatePortNumber,
  validateQualifiedName,
} from '../metadata/names.ts';
import { invalidEach } from '../metadata/object-meta.ts';
import { validatePortNumberOrName } from './probe-validation.ts';
import type { ServicePort } from './types.ts';

type Spec = NonNullable<Service['spec']>;

const protocols = ['SCTP', 'TCP', 'UDP'];

export function validateServicePorts(spec: Spec, path: FieldPath): FieldError[] {
  const ports = spec.ports ?? [];
  const names = new Set<string>();
  return ports.flatMap((port, index) =>
    validatePort(port, ports.length > 1, names, path.index(index)),
  );
}

/** Node ports only where the type has them, and no number twice for one protocol. */
export function validatePortNumbers({ type, ports = [] }: Spec, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (type === 'ClusterIP') {
    ports.forEach(({ nodePort }, index) => {
      if (!nodePort) return;
      const why = "may not be used when `type` is 'ClusterIP'";
      errors.push(forbiddenField(path.index(index).child('nodePort'), why));
    });
  }
  return [...errors, ...validateUnique(ports, path)];
}

function validatePort(
  port: ServicePort,
  needsName: boolean,
  names: Set<string>,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const { name = '', protocol = '', targetPort, appProtocol } = port;
  if (name === '') {
    if (needsName) errors.push(required(path.child('name')));
  } else {
    errors.push(...invalidEach(path.child('name'), name, validateDns1123Label(name)));
    if (names.has(name)) errors.push(duplicate(path.child('name'), name));
    else names.add(name);
  }
  const number = port.port ?? 0;
  errors.push(...invalidEach(path.child('port'), number, validatePortNumber(number)));
  if (protocol === '') errors.push(required(path.child('protocol')));
  else if (!protocols.includes(protocol)) {
    errors.push(notSupported(path.child('protocol'), protocol, protocols));
  }
  errors.push(...validatePortNumberOrName(targetPort, path.child('targetPort')));
  if (appProtocol !== undefined) {
    const own = path.child('appProtocol');
    errors.push(...invalidEach(own, appProtocol, validateQualifiedName(appProtocol)));
  }
  return errors;
}

/** How Go shows the bare port that it compares by. */
function bare(protocol: string, port: number): object {
  return {
    Name: '',
    Protocol: protocol,
    AppProtocol: null,
    Port: port,
    TargetPort: 0,
    NodePort: 0,
  };
}

function validateUnique(ports: readonly ServicePort[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const nodePorts = new Set<string>();
  for (const [index, { nodePort, protocol = '' }] of ports.entries()) {
    if (!nodePort) continue;
    const own = path.index(index).child('nodePort');
    if (nodePorts.has(`${protocol}/${nodePort}`)) {
      errors.push(duplicate(own, nodePort));
    }
    nodePorts.add(`${protocol}/${nodePort}`);
  }
  const seen = new Set<string>();
  for (const [index, { port, protocol = '' }] of ports.entries()) {
    if (seen.has(`${protocol}/${port}`)) {
      errors.push(duplicate(path.index(index), bare(protocol, port)));
    }
    seen.add(`${protocol}/${port}`);
  }
  return errors;
}
