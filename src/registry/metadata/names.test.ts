// Every name syntax against its limits and upstream's words.
import t from 'tap';
import {
  type NameCheck,
  validateConfigMapKey,
  validateDns1035Label,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateEnvVarName,
  validateLabelValue,
  validateLongName,
  validatePathSegmentName,
  validatePortName,
  validateQualifiedName,
  validateWildcardDns1123Subdomain,
} from './names.ts';

t.test('accepts', async (t) => {
  const cases: readonly [NameCheck, readonly string[]][] = [
    [validateDns1123Subdomain, ['a', 'a.b-c.d', '1', 'a'.repeat(253)]],
    [validateDns1123Label, ['a', 'my-name', '1a', 'a'.repeat(63)]],
    [validateDns1035Label, ['a', 'my-name', 'a1']],
    [validatePathSegmentName, ['system:node', 'a b', '...']],
    [validateQualifiedName, ['a', 'A_b.c', 'example.com/MyName']],
    [validateLabelValue, ['', 'MyValue', '1.2_3']],
    [validateEnvVarName, ['A', 'a b:c', '1']],
    [validateConfigMapKey, ['a', '.hidden', 'KEY_NAME']],
    [validatePortName, ['http', 'a1-b']],
    [validateWildcardDns1123Subdomain, ['*.example.com']],
  ];
  for (const [check, values] of cases) {
    for (const value of values) t.same(check(value), [], `${check.name} ${value.slice(0, 20)}`);
  }
});

t.test('says what is wrong', async (t) => {
  t.same(validateDns1123Subdomain('a'.repeat(254)), ['must be no more than 253 characters']);
  t.same(validateLongName('a'.repeat(254)), ['must be no more than 253 bytes']);
  t.same(validateLongName('a-', true), []);
  t.same(validateDns1123Subdomain('A'), [
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or " +
      "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex " +
      'used for validation is ' +
      "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ]);
  t.same(validateDns1123Label('a.b'), ['must not contain dots']);
  t.same(validateDns1123Label('a'.repeat(64)), ['must be no more than 63 characters']);
  t.same(validateLabelValue('-'), [
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or " +
      "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or " +
      "'my_value',  or '12345', regex used for validation is " +
      "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
  ]);
  t.same(validatePathSegmentName('..'), ["may not be '..'"]);
  t.same(validatePathSegmentName('a/b%c'), ["may not contain '/'", "may not contain '%'"]);
  t.match(validateQualifiedName('/a'), ['prefix part must be non-empty']);
  t.match(validateQualifiedName('a/b/c')[0], /^a valid label key must consist .* and '\/' \(e\.g/);
  t.match(validateQualifiedName('')[0], 'name part must be non-empty');
  t.same(validateConfigMapKey('..a'), ["must not start with '..'"]);
  t.same(validatePortName('a--b'), ['must not contain consecutive hyphens']);
  t.same(validatePortName('1'), ['must contain at least one letter (a-z)']);
  t.same(validateEnvVarName('a=b').length, 1);
});

t.test('a prefix may end with a dash', async (t) => {
  t.same(validateDns1123Subdomain('web-', true), []);
  t.same(validateDns1123Label('web-', true), []);
  t.same(validateDns1123Label('web-').length, 1);
  t.same(validatePathSegmentName('.', true), []);
});
