// Makes values of a type as its schema has it: sparse or filled, with words that fit the fields.
import type { Dice } from './dice.ts';
import { type Json, type JsonObject, setKey } from './json.ts';
import type { Shape } from './schema.ts';

/** JSONSchemaProps holds itself; everything else is flatter than this. */
const depthMax = 9;

const words = ['a', 'b', 'web', 'app', 'x-1', 'main', 'data', 'tier', 'example.com', 'v1'] as const;
const quantities = ['0', '1', '100m', '1Gi', '1500', '2.5', '1e3', '128Mi'] as const;
const times = ['2026-01-01T00:00:00Z', '2030-06-01T12:30:00Z', '1970-01-01T00:00:00Z'] as const;
const microTimes = ['2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.123456Z'] as const;

/** Words by what the name of a field ends with; the first that fits is taken. */
const byField: readonly (readonly [ending: RegExp, words: readonly string[]])[] = [
  [/(IP|^ip|IPs|addresses|externalIPs)$/, ['192.0.2.1', '2001:db8::1', '127.0.0.9']],
  [/(cidr|CIDR|CIDRs|Ranges|except)$/, ['192.0.2.0/24', '2001:db8::/64']],
  [/^(path|mountPath|hostPath)$/, ['/', '/data', '/var/lib/x']],
  [/(image|Image)$/, ['busybox:1.35', 'registry.example/x@sha256:0']],
  [/(host|hostname|Host|nodeName)$/, ['a.example.com', 'fuzz-node', '*.example.com']],
  [/(url|URL|issuer)$/, ['https://a.example.com', 'http://127.0.0.9/x']],
  [/^protocol$/, ['TCP', 'UDP', 'SCTP']],
  [/^schedule$/, ['*/5 * * * *', '@hourly']],
  [/^(operator)$/, ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Equal', 'Gt']],
  [/^(expression|fieldPath|jsonPath)$/, ['metadata.name', 'true', 'object.spec.replicas > 1']],
  [/^(effect)$/, ['NoSchedule', 'NoExecute', 'PreferNoSchedule']],
  [/^(status)$/, ['True', 'False', 'Unknown']],
  [/^(accessModes)$/, ['ReadWriteOnce', 'ReadOnlyMany']],
  [/(apiVersion|apiGroup|apiGroups)$/, ['v1', 'apps/v1', 'apps', '', '*']],
  [/(kind)$/, ['Pod', 'ConfigMap', 'Deployment', 'Secret', 'ServiceAccount', 'User']],
  [/^(verbs)$/, ['get', 'list', '*', 'bind']],
  [/^(resources|resource)$/, ['pods', 'services', 'pods/log', '*']],
  [/^finalizers$/, ['example.com/fuzz']],
];

/** @param fill the chance of each field that need not be there */
export function generate(dice: Dice, shape: Shape, fill: number, field = '', depth = 0): Json {
  if (depth > depthMax) return null;
  const { name, type } = shape;
  if (name.endsWith('.Quantity')) return dice.pick(quantities);
  if (name.endsWith('.IntOrString')) return dice.pick<Json>([1, 80, '50%', 'http']);
  if (type === 'string') return text(dice, shape, field);
  if (type === 'integer') return dice.pick([0, 1, 2, 3, 10, 80, 443, 1000, 8080, 30000]);
  if (type === 'number') return dice.pick([0, 0.5, 1, 10]);
  if (type === 'boolean') return dice.chance(0.5);
  if (type === 'array') return listOf(dice, shape, fill, field, depth);
  const entries = shape.entries();
  if (entries !== undefined) return mapOf(dice, entries, fill, depth);
  if (shape.properties.length === 0) return { [dice.pick(words)]: dice.pick(words) };
  return fields(dice, shape, fill, depth);
}

function fields(dice: Dice, shape: Shape, fill: number, depth: number): JsonObject {
  const object: JsonObject = {};
  const kept = fill / (1 + depth / 2);
  for (const name of shape.properties) {
    const needed = shape.required.includes(name);
    if (!needed && !dice.chance(kept)) continue;
    const property = shape.property(name);
    if (property !== undefined) {
      setKey(object, name, generate(dice, property, fill, name, depth + 1));
    }
  }
  return object;
}

function listOf(dice: Dice, shape: Shape, fill: number, field: string, depth: number): Json {
  const items = shape.items();
  if (items === undefined) return [];
  const length = dice.weigh<number>([1, 0], [6, 1], [2, 2], [1, 3]);
  return Array.from({ length }, () => generate(dice, items, fill, field, depth + 1));
}

function mapOf(dice: Dice, entries: Shape, fill: number, depth: number): JsonObject {
  const object: JsonObject = {};
  for (let left = dice.below(3); left > 0; left--) {
    setKey(object, dice.pick(words), generate(dice, entries, fill, '', depth + 1));
  }
  return object;
}

function text(dice: Dice, { format, values, name }: Shape, field: string): string {
  if (values.length > 0) return dice.pick(values);
  if (name.endsWith('.MicroTime')) return dice.pick(microTimes);
  if (format === 'date-time') return dice.pick(times);
  if (format === 'byte') return dice.pick(['', 'YQ==', 'aGVsbG8=']);
  const fitting = byField.find(([ending]) => ending.test(field));
  return dice.pick(fitting === undefined ? words : fitting[1]);
}

/** The schema of the value at a path of an object of `shape`, where it has one. */
export function shapeAt(shape: Shape, path: readonly (string | number)[]): Shape | undefined {
  let at: Shape | undefined = shape;
  for (const part of path) {
    at = typeof part === 'number' ? at?.items() : (at?.property(part) ?? at?.entries());
  }
  return at;
}
