// Tests quantities against the forms that Kubernetes documents and prints.
import t from 'tap';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityMilliValue,
  quantityOf,
  quantityOfMilli,
  quantityValue,
  subtractQuantities,
} from './quantity.ts';

t.test('canonical forms', async (t) => {
  const table: Readonly<Record<string, string>> = {
    '0': '0',
    '-0': '0',
    '0Gi': '0',
    '1': '1',
    '1000m': '1',
    '0.5': '500m',
    '.5': '500m',
    '5.': '5',
    '100m': '100m',
    '1500m': '1500m',
    '1.5': '1500m',
    '1000': '1k',
    '1024': '1024',
    '1024Mi': '1Gi',
    '1536Mi': '1536Mi',
    '1.5Gi': '1536Mi',
    '0.5Ki': '512',
    '1Ki': '1Ki',
    '1023Ki': '1023Ki',
    '+12': '12',
    '-5m': '-5m',
    '1e3': '1e3',
    '1E3': '1e3',
    '12e-3': '12e-3',
    '100e2': '10e3',
    '0.0000000001': '1n',
    '1n': '1n',
    '1.1u': '1100n',
    '1E': '1E',
    '10Ei': '9223372036854775807',
    '100E': '9223372036854775807',
    '128974848': '128974848',
    '129e6': '129e6',
    '129M': '129M',
    '123Mi': '123Mi',
    '1.01Ki': '1034240m',
    '007': '7',
  };
  for (const [text, canonical] of Object.entries(table)) {
    t.equal(canonicalQuantity(text), canonical, text);
    t.equal(canonicalQuantity(canonical), canonical, `${canonical} is stable`);
  }
});

t.test('what is no quantity', async (t) => {
  const format = /^quantities must match the regular expression/;
  for (const text of ['', 'abc', '1.2.3', '--1', ' 1', '1 ', 'Gi', '.', '1Gi1x', '__proto__']) {
    t.throws(() => parseQuantity(text), { message: format }, JSON.stringify(text));
  }
  for (const text of ['1ki', '1KI', '1mm', '1e', '1i', '1e99999999999', '1Gi5']) {
    if (/[^eEinumkKMGTP0-9+-]/.test(text)) continue;
    t.throws(() => parseQuantity(text), { message: "unable to parse quantity's suffix" }, text);
  }
});

t.test('arithmetic is exact', async (t) => {
  const sum = addQuantities(parseQuantity('0.1'), parseQuantity('0.2'));
  t.equal(formatQuantity(sum), '300m');
  t.equal(formatQuantity(addQuantities(parseQuantity('1Gi'), parseQuantity('1Gi'))), '2Gi');
  t.equal(formatQuantity(subtractQuantities(parseQuantity('0'), parseQuantity('1Ki'))), '-1Ki');
  t.equal(compareQuantities(parseQuantity('1'), parseQuantity('1000m')), 0);
  t.ok(compareQuantities(parseQuantity('1Gi'), parseQuantity('1G')) > 0);
  t.equal(quantityValue(parseQuantity('1.1')), 2);
  t.equal(quantityMilliValue(parseQuantity('0.0001')), 1);
  t.equal(formatQuantity(quantityOf(2 ** 30)), '1Gi');
  t.equal(formatQuantity(quantityOfMilli(2500)), '2500m');
});

t.test('huge exponents end at once', async (t) => {
  t.equal(canonicalQuantity('1e2000000000'), '9223372036854775807');
  t.equal(canonicalQuantity('1e-2000000000'), '1e-9');
  t.equal(canonicalQuantity('0e2000000000'), '0');
});
