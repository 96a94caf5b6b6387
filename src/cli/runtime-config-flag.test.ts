// What `--runtime-config` means on the command line, and the exit status where it means nothing.
import t from 'tap';
import { CliError, exitCodes } from './exit-codes.ts';
import { readRuntimeConfig } from './runtime-config-flag.ts';

t.test('settings are read as they are given', (t) => {
  t.strictSame(
    [...readRuntimeConfig('api/beta=true, resource.k8s.io/v1alpha3')],
    [
      ['api/beta', 'true'],
      ['resource.k8s.io/v1alpha3', ''],
    ],
  );
  t.equal(readRuntimeConfig('').size, 0);
  t.end();
});

t.test('what means nothing is wrong use', (t) => {
  try {
    readRuntimeConfig('apps/v9=true');
    t.fail('it was taken');
  } catch (error) {
    t.ok(error instanceof CliError);
    t.match(error, {
      exitCode: exitCodes.usage,
      message: '--runtime-config: group version apps/v9 that has not been registered',
    });
  }
  t.end();
});
