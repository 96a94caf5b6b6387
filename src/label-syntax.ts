// What a label's key and value may look like, with apimachinery's messages when they do not.

const nameLengthMax = 63;
const subdomainLengthMax = 253;

const namePattern = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const valuePattern = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const nameMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for " +
  "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const subdomainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or " +
  "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used " +
  "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const valueMessage =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or " +
  "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  " +
  "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

function tooLong(max: number): string {
  return `must be no more than ${max} bytes`;
}

/** Why `key` is no qualified name (`[prefix/]name`); empty when it is one. */
export function labelKeyErrors(key: string): readonly string[] {
  const parts = key.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${nameMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const errors: string[] = [];
  const [prefix, name = ''] = parts.length === 2 ? parts : [undefined, key];
  if (prefix === '') errors.push('prefix part must be non-empty');
  else if (prefix !== undefined) {
    if (prefix.length > subdomainLengthMax) {
      errors.push(`prefix part ${tooLong(subdomainLengthMax)}`);
    }
    if (!subdomainPattern.test(prefix)) errors.push(`prefix part ${subdomainMessage}`);
  }
  if (name === '') errors.push('name part must be non-empty');
  else if (name.length > nameLengthMax) errors.push(`name part ${tooLong(nameLengthMax)}`);
  if (!namePattern.test(name)) errors.push(`name part ${nameMessage}`);
  return errors;
}

/** Why `value` is no label value; empty when it is one. */
export function labelValueErrors(value: string): readonly string[] {
  const errors: string[] = [];
  if (value.length > nameLengthMax) errors.push(tooLong(nameLengthMax));
  if (!valuePattern.test(value)) errors.push(valueMessage);
  return errors;
}
