// Syntax of names, labels and keys: each check gives upstream's messages, none when it is fine.

/** A check that fits `Resource.validateName`: `isPrefix` is set for a generateName. */
export type NameCheck = (name: string, isPrefix?: boolean) => readonly string[];

/** What upstream's MaxLenError says; that of label keys and values counts in bytes. */
export function maxLengthMessage(maxLength: number, unit = 'characters'): string {
  return `must be no more than ${maxLength} ${unit}`;
}

export const emptyMessage = 'must be non-empty';

function regexMessage(message: string, pattern: string, ...examples: readonly string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return `${message} (e.g. ${shown}regex used for validation is '${pattern}')`;
}

function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** One syntax rule: a length limit, a pattern, and the message that explains the pattern. */
function syntax(rule: {
  readonly pattern: string;
  readonly message: string;
  readonly examples: readonly string[];
  readonly maxLength?: number;
  readonly unit?: 'bytes';
}): (value: string) => string[] {
  const regex = new RegExp(`^(?:${rule.pattern})$`);
  const explained = regexMessage(rule.message, rule.pattern, ...rule.examples);
  const { maxLength } = rule;
  return (value) => {
    const errors: string[] = [];
    if (maxLength !== undefined && byteLength(value) > maxLength) {
      errors.push(maxLengthMessage(maxLength, rule.unit));
    }
    if (!regex.test(value)) errors.push(explained);
    return errors;
  };
}

const label1123 = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain1123 = `${label1123}(\\.${label1123})*`;
const qualifiedNamePattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const qualifiedNameMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  'alphanumeric character';

const subdomainSyntax = {
  pattern: subdomain1123,
  message:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or " +
    "'.', and must start and end with an alphanumeric character",
  examples: ['example.com'],
  maxLength: 253,
} as const;
const checkSubdomain = syntax(subdomainSyntax);
const checkKeyPrefix = syntax({ ...subdomainSyntax, unit: 'bytes' });
const checkLabel1123 = syntax({
  pattern: label1123,
  message:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and " +
    'must start and end with an alphanumeric character',
  examples: ['my-name', '123-abc'],
});
const checkLabel1035 = syntax({
  pattern: '[a-z]([-a-z0-9]*[a-z0-9])?',
  message:
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an " +
    'alphabetic character, and end with an alphanumeric character',
  examples: ['my-name', 'abc-123'],
  maxLength: 63,
});
const checkQualifiedNamePart = syntax({
  pattern: qualifiedNamePattern,
  message: qualifiedNameMessage,
  examples: ['MyName', 'my.name', '123-abc'],
  maxLength: 63,
  unit: 'bytes',
});
const subdomainRegex = new RegExp(`^(?:${subdomain1123})$`);

// A generated suffix will follow the dash, so a prefix may end with one.
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
}

/** metadata.name of most kinds. */
export function validateDns1123Subdomain(name: string, isPrefix = false): readonly string[] {
  return checkSubdomain(isPrefix ? maskTrailingDash(name) : name);
}

/** The same where upstream's declared validation checks it (format `k8s-long-name`). */
export function validateLongName(name: string, isPrefix = false): readonly string[] {
  return checkKeyPrefix(isPrefix ? maskTrailingDash(name) : name);
}

const searchLabel = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';

/** Search domains of pods: labels may have underscores, as in SRV records. */
export const validateSearchDomain: (value: string) => readonly string[] = syntax({
  pattern: `_?${searchLabel}(\\._?${searchLabel})*`,
  message:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' " +
    "or '.', and must start and end with an alphanumeric character",
  examples: ['example.com'],
  maxLength: 253,
});

/** Namespaces, containers, volumes. */
export function validateDns1123Label(name: string, isPrefix = false): readonly string[] {
  const value = isPrefix ? maskTrailingDash(name) : name;
  const errors: string[] = [];
  if (byteLength(value) > 63) errors.push(maxLengthMessage(63));
  const wrong = checkLabel1123(value);
  if (wrong.length === 0) return errors;
  // A valid subdomain that is no valid label has dots in it.
  if (subdomainRegex.test(value)) errors.push('must not contain dots');
  else errors.push(...wrong);
  return errors;
}

/** Services (until relaxed), old label style: starts with a letter. */
export function validateDns1035Label(name: string, isPrefix = false): readonly string[] {
  return checkLabel1035(isPrefix ? maskTrailingDash(name) : name);
}

/** Names that only have to fit into a URL path (RBAC, flow schemas of old). */
export function validatePathSegmentName(name: string, isPrefix = false): readonly string[] {
  if (!isPrefix && (name === '.' || name === '..')) return [`may not be '${name}'`];
  return ['/', '%']
    .filter((each) => name.includes(each))
    .map((each) => `may not contain '${each}'`);
}

/** Wildcard hosts of Ingress and certificates: `*.example.com`. */
export const validateWildcardDns1123Subdomain: (value: string) => readonly string[] = syntax({
  pattern: `\\*\\.${subdomain1123}`,
  message:
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, " +
    "which must consist of lower case alphanumeric characters, '-' or '.' and end with an " +
    'alphanumeric character',
  examples: ['*.example.com'],
  maxLength: 253,
});

/** Label and annotation keys, finalizers, resource names: `prefix/name`, the prefix optional. */
export function validateQualifiedName(value: string): readonly string[] {
  const parts = value.split('/');
  const errors: string[] = [];
  let [name = ''] = parts;
  if (parts.length === 2) {
    const [prefix = '', rest = ''] = parts;
    name = rest;
    if (prefix === '') errors.push(`prefix part ${emptyMessage}`);
    else errors.push(...checkKeyPrefix(prefix).map((message) => `prefix part ${message}`));
  } else if (parts.length > 2) {
    const explained = regexMessage(
      qualifiedNameMessage,
      qualifiedNamePattern,
      'MyName',
      'my.name',
      '123-abc',
    );
    return [
      `a valid label key ${explained} with an optional DNS subdomain prefix and '/' ` +
        "(e.g. 'example.com/MyName')",
    ];
  }
  if (name === '') errors.push(`name part ${emptyMessage}`);
  errors.push(...checkQualifiedNamePart(name).map((message) => `name part ${message}`));
  return errors;
}

/** Values of labels and of selectors. */
export const validateLabelValue: (value: string) => readonly string[] = syntax({
  pattern: `(${qualifiedNamePattern})?`,
  message:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or " +
    "'.', and must start and end with an alphanumeric character",
  examples: ['MyValue', 'my_value', '12345'],
  maxLength: 63,
  unit: 'bytes',
});

/** C identifiers, as in service environment variables. */
export const validateCIdentifier: (value: string) => readonly string[] = syntax({
  pattern: '[A-Za-z_][A-Za-z0-9_]*',
  message:
    "a valid C identifier must start with alphabetic character or '_', followed by a string of " +
    "alphanumeric characters or '_'",
  examples: ['my_name', 'MY_NAME', 'MyName'],
});

/** Names of environment variables as v1.34 and later take them. */
export function validateEnvVarName(value: string): readonly string[] {
  if (value === '') return [`environment variable name ${emptyMessage}`];
  if (/^[ -<>-~]*$/.test(value)) return [];
  return [
    'a valid environment variable name must consist only of printable ASCII characters other ' +
      "than '='",
  ];
}

const checkConfigMapKey = syntax({
  pattern: '[-._a-zA-Z0-9]+',
  message: "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  examples: ['key.name', 'KEY_NAME', 'key-name'],
  maxLength: 253,
});

/** Keys of ConfigMaps and Secrets: they become file names. */
export function validateConfigMapKey(value: string): readonly string[] {
  return [...checkConfigMapKey(value), ...directoryMessages(value)];
}

function directoryMessages(value: string): readonly string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

/** HTTP header names of probes. */
export const validateHttpHeaderName: (value: string) => readonly string[] = syntax({
  pattern: '[-A-Za-z0-9]+',
  message: "a valid HTTP header must consist of alphanumeric characters or '-'",
  examples: ['X-Header-Name'],
});

/** Names of ports (RFC 6335 service names). */
export function validatePortName(value: string): readonly string[] {
  const errors: string[] = [];
  if (byteLength(value) > 15) errors.push(maxLengthMessage(15));
  if (!/^[-a-z0-9]+$/.test(value)) {
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) {
    errors.push('must not begin or end with a hyphen');
  }
  return errors;
}

/** A port number, 1 to 65535. */
export function validatePortNumber(port: number): readonly string[] {
  return port >= 1 && port <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}
