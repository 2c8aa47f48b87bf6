// -v and --mount with a propagation, where the source is on a private, a slave and a shared mount.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TINYRUN } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const AT = path.join(sandbox.dir, 'at');
const MODES = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'] as const;
const bind = (mode: string, source = `${AT}/d`) =>
  mode.startsWith('r')
    ? ['--mount', `type=bind,source=${source},target=/m,bind-propagation=${mode}`]
    : ['-v', `${source}:/m:${mode}`];

/** In a mount namespace of its own, whose /…/at is a tmpfs of that propagation; `then` runs there with `flags`. */
const on = (kind: string, then: string, flags: readonly string[]) =>
  sandbox.under(
    ['unshare', '-m', '--propagation', 'private', 'sh', '-ec'],
    `mkdir -p ${AT}; mount -t tmpfs at ${AT}; mkdir ${AT}/d; mount --make-${kind === 'private' ? kind : 'shared'} ${AT}
     if [ ${kind} = slave ]; then unshare -m --propagation unchanged sh -ec 'mount --make-slave ${AT}; ${then}' sh "$@"
     else ${then}; fi`,
    ['sh', ...flags],
  );
const RUN = `${TINYRUN} run --rm "$@" busybox grep " /m " /proc/self/mountinfo`;

describe.each(['private', 'slave', 'shared'])('a source on a %s mount', (kind) => {
  const fits = (mode: string) =>
    mode.endsWith('private') || kind === 'shared' || (kind === 'slave' && mode.endsWith('slave'));

  test.each(MODES)('%s', async (mode) => {
    const { code, stdout, stderr } = await on(kind, RUN, bind(mode));
    if (!fits(mode)) {
      const [flag = '', value] = bind(mode);
      const given = `${flag.replace(/^-v$/, '--volume')} ${JSON.stringify(value)}`;
      const name = mode.endsWith('slave') ? 'shared or slave' : 'shared';
      expect({ code, stdout, stderr }).toEqual({
        code: 125,
        stdout: '',
        stderr: `tinyrun: ${given}: path ${AT}/d is mounted on ${AT} but it is not a ${name} mount\nhint: mount --make-rshared ${AT}, or leave the propagation out\n`,
      });
    } else {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const [, fields = ''] = / \/m \S+((?: \w+:\d+)*) - /.exec(stdout) ?? [];
      expect(fields.replace(/:\d+/g, '').trim().split(' ')[0]).toBe(
        mode.endsWith('private') ? '' : mode.endsWith('shared') ? 'shared' : 'master',
      );
    }
  });
});

test('it is refused before -v makes what is missing, and by where that would be', async () => {
  const { code, stdout, stderr } = await on(
    'private',
    `${TINYRUN} run --rm "$@" busybox true || ls ${AT}`,
    bind('shared', `${AT}/new/er`),
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'd\n' });
  expect(stderr).toContain(`path ${AT}/new/er is mounted on ${AT} but`);
  expect(existsSync(`${AT}/new`)).toBe(false);
});
