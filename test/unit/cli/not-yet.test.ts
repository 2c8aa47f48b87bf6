import { describe, expect, test } from 'vitest';
import { PLANNED_FLAGS, PLANNED_VERBS, plannedFlag, plannedVerb } from '../../../src/cli/not-yet.ts';
import { unknownCommand, usageError } from '../../../src/cli/program.ts';
import { locate, wordsOf } from '../../../src/cli/verb.ts';
import { TABLE } from '../../../src/cli/verbs.ts';
import { suggest } from '../../../src/store/suggest.ts';
import { define } from './support.ts';

/** `docker run --help`, 28.2; what is Docker's for Windows or for content trust is not promised. */
const DOCKER_RUN =
  '--add-host --annotation --attach --blkio-weight --blkio-weight-device --cap-add --cap-drop --cgroup-parent ' +
  '--cgroupns --cidfile --cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime --cpu-shares --cpus ' +
  '--cpuset-cpus --cpuset-mems --detach --detach-keys --device --device-cgroup-rule --device-read-bps ' +
  '--device-read-iops --device-write-bps --device-write-iops --dns --domainname --entrypoint --env --env-file ' +
  '--expose --gpus --group-add --health-cmd --health-interval --health-retries --health-start-interval ' +
  '--health-start-period --health-timeout --hostname --init --interactive --ip --ip6 --ipc --kernel-memory --label ' +
  '--label-file --link --link-local-ip --log-driver --log-opt --mac-address --memory --memory-reservation ' +
  '--memory-swap --memory-swappiness --mount --name --network --network-alias --no-healthcheck --oom-kill-disable ' +
  '--oom-score-adj --pid --pids-limit --platform --privileged --publish --publish-all --pull --quiet --read-only ' +
  '--restart --rm --runtime --security-opt --shm-size --stop-signal --stop-timeout --storage-opt --sysctl ' +
  '--tmpfs --tty --ulimit --use-api-socket --user --userns --uts --volume --volume-driver --volumes-from --workdir';

describe('verbs to come', () => {
  test.each([...PLANNED_VERBS])('%s is not there yet, and says so', (path) => {
    const [verb = '', sub] = path.split(' ');
    if (sub === undefined) expect(locate(TABLE, [verb])).toBeUndefined();
    else expect(locate(TABLE, [verb, sub])).toMatchObject({ is: 'group', name: verb });
    const hint = `tinyrun ${sub === undefined ? '' : `${verb} `}--help lists what this version can do`;
    expect(plannedVerb(path)).toMatchObject({
      code: 'UNSUPPORTED',
      message: `${path} is not there yet`,
      hint,
    });
  });

  test('they are no near misses of what is mistyped', () => {
    expect(unknownCommand('compse', TABLE).hint).not.toMatch(/compose/);
    expect(unknownCommand('compose', TABLE).message).toBe('compose is not there yet');
    expect(unknownCommand('netwrk', TABLE).hint).toMatch(/network/);
    for (const verb of wordsOf(TABLE, '')) expect(plannedVerb(verb)).toBeUndefined();
    expect(unknownCommand('toString', TABLE).message).toBe('unknown command: toString');
  });
});

describe('flags to come', () => {
  test.each([...PLANNED_FLAGS])('of %s: none of them is there', async (verb, flags) => {
    const { options } = await define(verb);
    const there = options.flatMap(({ long, short }) => [long, short]);
    expect([...flags].filter((flag) => there.includes(flag))).toEqual([]);
  });

  test('every flag of docker run is there or to come', async () => {
    const there = (await define('run')).options.map(({ long }) => long);
    const missing = DOCKER_RUN.split(' ').filter(
      (flag) => !there.includes(flag) && !plannedFlag('run', flag),
    );
    expect(missing).toEqual([]);
  });

  test.each([
    ['run', '--volume-driver=x', '--volume-driver'],
    ['create', '--volume-driver', '--volume-driver'],
    ['rm', '-fl', '-l'],
    ['start', '--checkpoint=a', '--checkpoint'],
  ])('%s %s', async (verb, given, flag) => {
    const complaint = { code: 'commander.unknownOption', message: `error: unknown option '${given}'` };
    const error = usageError(complaint, await define(verb), verb);
    expect(error).toMatchObject({ code: 'FLAG', message: `${flag} is not there yet`, exitCode: 125 });
    expect(error.hint).not.toContain('COMMAND');
  });

  test('a near miss of one is unknown', async () => {
    const complaint = { code: 'commander.unknownOption', message: "error: unknown option '--volume-drivre'" };
    const error = usageError(complaint, await define('run'), 'run');
    expect(error.message).toBe('unknown flag: --volume-drivre');
    expect(error.hint).not.toContain('--volume-driver');
    expect(suggest('--volume-drivre', PLANNED_FLAGS.get('run') ?? [])).toContain('--volume-driver');
  });
});

test('missing words are answered with the usage', async () => {
  const complaint = {
    code: 'commander.missingArgument',
    message: "error: missing required argument 'target'",
  };
  expect(usageError(complaint, await define('tag'), 'tag').hint).toMatch(/^usage: tinyrun tag \S/);
});
