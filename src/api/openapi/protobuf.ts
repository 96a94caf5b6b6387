// The OpenAPI v2 document as protobuf (gnostic's openapi.v2.Document), which kubectl asks for.

type Json = null | boolean | number | string | readonly Json[] | JsonObject;
interface JsonObject {
  readonly [key: string]: Json | undefined;
}
type Encode = (value: Json) => Buffer;

const lengthDelimited = 2;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

function bytesField(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + lengthDelimited), varint(bytes.length), bytes]);
}

const text: Encode = (value) => Buffer.from(String(value));
/** `Any` as YAML text, of which JSON is a part. */
const any: Encode = (value) => bytesField(2, Buffer.from(`${JSON.stringify(value)}\n`));

/** How one field is written: all of its occurrences, tags included. */
type Write = (number: number, value: Json) => readonly Buffer[];

const one =
  (encode: Encode): Write =>
  (number, value) => [bytesField(number, encode(value))];
const each =
  (encode: Encode): Write =>
  (number, value) =>
    (Array.isArray(value) ? value : [value]).map((item: Json) => bytesField(number, encode(item)));
const string = one(text);
const strings = each(text);
const bool: Write = (number, value) =>
  value === true ? [varint(number * 8), Buffer.from([1])] : [];
const integer: Write = (number, value) => [varint(number * 8), varint(Number(value))];
const double: Write = (number, value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(Number(value));
  return [varint(number * 8 + 1), bytes];
};

/** `{name: 1, value: 2}` for each member, as gnostic writes maps. */
const named =
  (encode: Encode): Write =>
  (number, value) =>
    Object.entries(objectOf(value)).map(([name, member]) =>
      bytesField(
        number,
        Buffer.concat([bytesField(1, text(name)), bytesField(2, encode(member ?? null))]),
      ),
    );

function objectOf(value: Json): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

type Fields = Readonly<Record<string, readonly [number: number, write: Write]>>;

/** @param extensions number of the field that takes `x-…` members; 0 drops them */
function message(fields: Fields, extensions: number): Encode {
  return (value) => {
    const parts: Buffer[] = [];
    const more: Record<string, Json> = {};
    for (const [key, member] of Object.entries(objectOf(value))) {
      if (member === undefined) continue;
      const field = fields[key];
      if (field !== undefined) parts.push(...field[1](field[0], member));
      else if (key.startsWith('x-') && extensions > 0) more[key] = member;
    }
    parts.push(...named(any)(extensions, more));
    return Buffer.concat(parts);
  };
}

/** A message that only wraps its one field. */
const wrapped =
  (number: number, write: Write): Encode =>
  (value) =>
    Buffer.concat(write(number, value));
const map = (encode: Encode): Write => one(wrapped(1, named(encode)));

/** Numbers of the constraints that schemas and parameters share, from `maximum` on. */
function constraints(from: number): Fields {
  return {
    maximum: [from, double],
    exclusiveMaximum: [from + 1, bool],
    minimum: [from + 2, double],
    exclusiveMinimum: [from + 3, bool],
    maxLength: [from + 4, integer],
    minLength: [from + 5, integer],
    pattern: [from + 6, string],
    maxItems: [from + 7, integer],
    minItems: [from + 8, integer],
    uniqueItems: [from + 9, bool],
  };
}

// A schema holds schemas.
const schema: Encode = (value) => schemaMessage(value);
const additionalProperties: Encode = (value) =>
  typeof value === 'boolean' ? Buffer.concat(bool(2, value)) : bytesField(1, schema(value));
const schemaMessage = message(
  {
    $ref: [1, string],
    format: [2, string],
    title: [3, string],
    description: [4, string],
    default: [5, one(any)],
    multipleOf: [6, double],
    ...constraints(7),
    maxProperties: [17, integer],
    minProperties: [18, integer],
    required: [19, strings],
    enum: [20, each(any)],
    additionalProperties: [21, one(additionalProperties)],
    type: [22, one(wrapped(1, strings))],
    items: [23, one(wrapped(1, each(schema)))],
    allOf: [24, each(schema)],
    properties: [25, map(schema)],
    readOnly: [27, bool],
    example: [30, one(any)],
  },
  31,
);

const items: Encode = (value) => itemsMessage(value);
const itemsMessage = message(
  { type: [1, string], format: [2, string], items: [3, one(items)], default: [5, one(any)] },
  18,
);
const bodyParameter = message(
  {
    description: [1, string],
    name: [2, string],
    in: [3, string],
    required: [4, bool],
    schema: [5, one(schema)],
  },
  6,
);
const parameterStart: Fields = {
  required: [1, bool],
  in: [2, string],
  description: [3, string],
  name: [4, string],
};
const queryParameter = message(
  {
    ...parameterStart,
    type: [6, string],
    format: [7, string],
    items: [8, one(items)],
    default: [10, one(any)],
    ...constraints(11),
    enum: [21, each(any)],
  },
  23,
);
const plainParameter = message(
  {
    ...parameterStart,
    type: [5, string],
    format: [6, string],
    items: [7, one(items)],
    default: [9, one(any)],
    ...constraints(10),
    enum: [20, each(any)],
  },
  22,
);

const reference = message({ $ref: [1, string], description: [2, string] }, 0);

function parameter(value: Json): Buffer {
  const place = objectOf(value).in;
  if (place === 'body') return bytesField(1, bodyParameter(value));
  const numbers: Readonly<Record<string, number>> = { header: 1, formData: 2, query: 3, path: 4 };
  const encode = place === 'query' || place === 'formData' ? queryParameter : plainParameter;
  return bytesField(2, bytesField(numbers[String(place)] ?? 3, encode(value)));
}

const isReference = (value: Json) => objectOf(value).$ref !== undefined;
const parameterItem: Encode = (value) =>
  isReference(value) ? bytesField(2, reference(value)) : bytesField(1, parameter(value));
const response = message(
  { description: [1, string], schema: [2, one(wrapped(1, one(schema)))] },
  5,
);
const responseValue: Encode = (value) =>
  isReference(value) ? bytesField(2, reference(value)) : bytesField(1, response(value));
const requirement = wrapped(1, named(wrapped(1, strings)));

const operation = message(
  {
    tags: [1, strings],
    summary: [2, string],
    description: [3, string],
    operationId: [5, string],
    produces: [6, strings],
    consumes: [7, strings],
    parameters: [8, each(parameterItem)],
    responses: [9, map(responseValue)],
    schemes: [10, strings],
    deprecated: [11, bool],
    security: [12, each(requirement)],
  },
  13,
);
const pathItem = message(
  {
    $ref: [1, string],
    get: [2, one(operation)],
    put: [3, one(operation)],
    post: [4, one(operation)],
    delete: [5, one(operation)],
    options: [6, one(operation)],
    head: [7, one(operation)],
    patch: [8, one(operation)],
    parameters: [9, each(parameterItem)],
  },
  10,
);
const info = message({ title: [1, string], version: [2, string], description: [3, string] }, 7);
const apiKey = message(
  { type: [1, string], name: [2, string], in: [3, string], description: [4, string] },
  5,
);

const document = message(
  {
    swagger: [1, string],
    info: [2, one(info)],
    host: [3, string],
    basePath: [4, string],
    schemes: [5, strings],
    consumes: [6, strings],
    produces: [7, strings],
    paths: [8, one(wrapped(2, named(pathItem)))],
    definitions: [9, map(schema)],
    parameters: [10, map(parameter)],
    responses: [11, map(response)],
    security: [12, each(requirement)],
    securityDefinitions: [13, map(wrapped(2, one(apiKey)))],
  },
  16,
);

/** @param json the Swagger 2.0 document as it is served */
export function encodeOpenApiV2(json: string): Buffer {
  return document(JSON.parse(json) as Json);
}
