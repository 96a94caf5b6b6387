// Checks label selectors: what they match, their text form, and upstream's words when they are wrong.
import t from 'tap';
import {
  compileLabelSelector,
  formatLabelSelector,
  labelSelectorMatcher,
  labelSelectorRequirements,
  parseLabelSelector,
} from './selector.ts';

const matches = (text: string, labels: Record<string, string> | undefined) =>
  compileLabelSelector(parseLabelSelector(text))?.(labels) ?? true;

t.test('matches as upstream does', (test) => {
  const labels = { app: 'web', tier: 'front', n: '5', empty: '' };
  const cases: [string, boolean][] = [
    ['', true],
    [' app = web ', true],
    ['app==web,tier!=back', true],
    ['app=db', false],
    ['missing!=x', true],
    ['app in (db, web)', true],
    ['app notin (db, web)', false],
    ['missing notin (a)', true],
    ['missing in (a)', false],
    ['app', true],
    ['!app', false],
    ['! missing', true],
    ['missing', false],
    ['n>4', true],
    ['n<5', false],
    ['app>1', false],
    ['empty=', true],
    ['empty in (,a)', true],
    ['app in (web),n', true],
    ['in', false],
    ['in in (in)', false],
    ['toString', false],
    ['constructor notin (a)', true],
  ];
  for (const [text, expected] of cases) {
    test.equal(matches(text, labels), expected, text);
  }
  test.equal(matches('a', undefined), false);
  test.equal(matches('!a', undefined), true);
  test.end();
});

t.test('refuses with the words of labels.Parse', (test) => {
  const cases: [string, RegExp][] = [
    ['a in', /^unable to parse requirement: found '' expected: '\('$/],
    ['a in (', /^unable to parse requirement: found '', expected: ',', '\)' or identifier$/],
    ['a in (b', /^unable to parse requirement: found '', expected: ',' or '\)'$/],
    ['a in ()', /^unable to parse requirement: values: Invalid value: \[\]: for 'in', 'notin'/],
    ['a b', /^unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt$/],
    ['a=b c', /^found 'c', expected: ',' or 'end of string'$/],
    ['a,', /^found '', expected: identifier after ','$/],
    ['=a', /^found '=', expected: !, identifier, or 'end of string'$/],
    ['!=a', /^found '!=', expected: !, identifier, or 'end of string'$/],
    ['!,a', /^unable to parse requirement: found ',', expected: identifier$/],
    ['a=(', /^unable to parse requirement: found '\(', expected: identifier$/],
    ['a/b/c=d', /^unable to parse requirement: <nil>: Invalid value: "a\/b\/c": a valid label key/],
    ['a=-', /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "-": a valid label/],
    ['a>b', /^unable to parse requirement: values\[0\]: Invalid value: "b": for 'Gt', 'Lt'/],
  ];
  for (const [text, message] of cases) {
    test.throws(() => parseLabelSelector(text), { message, code: 400 }, text);
  }
  test.end();
});

t.test('metav1.LabelSelector', (test) => {
  const selector = {
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['b', 'a', 'b'] },
      { key: 'old', operator: 'DoesNotExist' },
      { key: 'new', operator: 'Exists' },
    ],
  };
  const text = formatLabelSelector(labelSelectorRequirements(selector));
  test.equal(text, 'app=web,new,!old,tier in (a,b)');
  test.equal(formatLabelSelector(parseLabelSelector(text)), text);
  test.equal(labelSelectorMatcher(selector)({ app: 'web', tier: 'a', new: '' }), true);
  test.equal(labelSelectorMatcher(selector)({ app: 'web', tier: 'c', new: '' }), false);
  test.equal(labelSelectorMatcher(undefined)({}), false);
  test.equal(labelSelectorMatcher({})(undefined), true);
  const bad = { matchExpressions: [{ key: 'a', operator: 'Like' }] };
  test.throws(() => labelSelectorMatcher(bad), {
    message: '"Like" is not a valid label selector operator',
  });
  test.end();
});
