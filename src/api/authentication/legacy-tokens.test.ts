// Tokens out of Secrets, signed as kube-controller-manager does, against the whole API.
import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose/jwt/sign';
import t from 'tap';
import { createSigningKey } from '../../certificates.ts';
import { VirtualClock } from '../../clock.ts';
import { type TestApi, testApi } from '../api.fixture.ts';

const clock = new VirtualClock(Date.parse('2026-03-04T05:06:07Z'));
const core = '/api/v1/namespaces/default';
const prefix = 'kubernetes.io/serviceaccount/';
const signingKey = await createSigningKey();

/** A token for the account `robot`, and the Secret `robot-token` that holds it. */
async function madeToken(
  t: { teardown(done: () => void): void },
  change: Record<string, string> = {},
) {
  const test = await testApi({ clock, signingKey });
  t.teardown(() => test.api.close());
  const account = await test.call('POST', `${core}/serviceaccounts`, {
    metadata: { name: 'robot' },
  });
  const claims = {
    iss: 'kubernetes/serviceaccount',
    sub: 'system:serviceaccount:default:robot',
    [`${prefix}namespace`]: 'default',
    [`${prefix}service-account.name`]: 'robot',
    [`${prefix}service-account.uid`]: String(account.body.metadata?.uid),
    [`${prefix}secret.name`]: 'robot-token',
    ...change,
  };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256' })
    .sign(createPrivateKey(signingKey));
  await test.call('POST', `${core}/secrets`, secretWith(token));
  return { ...test, token };
}

function secretWith(token: string, labels: Record<string, string> = {}) {
  const annotations = { 'kubernetes.io/service-account.name': 'robot' };
  return {
    type: 'kubernetes.io/service-account-token',
    metadata: { name: 'robot-token', labels, annotations },
    stringData: { token },
  };
}

async function whoami({ call }: Pick<TestApi, 'call'>, token: string) {
  const review = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const answer = await call('POST', review, {}, { authorization: `Bearer ${token}` });
  return answer.status === 201 ? answer.body.status?.userInfo : answer.status;
}

t.test('such a token is its account, and its use is noted once a day', async (t) => {
  const test = await madeToken(t);
  t.match(await whoami(test, test.token), {
    username: 'system:serviceaccount:default:robot',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
  });
  const secret = async () => (await test.call('GET', `${core}/secrets/robot-token`)).body.metadata;
  const noted = await secret();
  t.strictSame(noted?.labels, { 'kubernetes.io/legacy-token-last-used': '2026-03-04' });
  await whoami(test, test.token);
  t.equal((await secret())?.resourceVersion, noted?.resourceVersion);
});

t.test('it ends with what it names, and where the Secret says so', async (t) => {
  const test = await madeToken(t);
  const path = `${core}/secrets/robot-token`;
  const invalid = { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' };
  await test.call('PUT', path, secretWith(test.token, invalid));
  t.equal(await whoami(test, test.token), 401);
  await test.call('PUT', path, secretWith(test.token));
  t.match(await whoami(test, test.token), { username: /robot/ });
  await test.call('PUT', path, secretWith(`${test.token}x`));
  t.equal(await whoami(test, test.token), 401, 'the Secret holds another');
  await test.call('PUT', path, secretWith(test.token));
  await test.call('DELETE', `${core}/serviceaccounts/robot`);
  t.equal(await whoami(test, test.token), 401, 'the account is gone');
});

t.test('claims that are missing or disagree are refused', async (t) => {
  for (const change of [
    { sub: 'system:serviceaccount:default:other' },
    { [`${prefix}secret.name`]: '' },
    { [`${prefix}service-account.uid`]: 'other' },
    { [`${prefix}secret.name`]: 'other' },
    { iss: 'somebody' },
  ]) {
    const test = await madeToken(t, change);
    t.equal(await whoami(test, test.token), 401, JSON.stringify(change));
  }
});
