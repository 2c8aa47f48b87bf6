// Real clients of tinyrunc, where every controller is there to be reached: docker's limits, podman's figures. What
// needs no controller is in test/integration/clients. A call of theirs takes seconds here, so one container each.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeRootfs } from '../../scripts/lib/rootfs.mjs';
import { CGROUPS, cgroups, keyed, settings } from './support.ts';

const DIR = '/scratch/clients';
const TAR = `${DIR}/busybox.tar`;
const TINYRUNC = path.resolve('bin/tinyrunc');
const LIMITS = ['--network', 'none', '-m', '64m', '--cpus', '0.5', '--pids-limit', '20'];
/** Waits, and at SIGTERM takes more memory than it may have. */
const GREEDY = 'trap "exec tail /dev/zero" TERM; sleep 1000 & wait';

/** Runs a client to its end and answers its standard output; a failure is one of the test. */
function ok(...[program = '', ...args]: readonly string[]): string {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 120_000 });
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout.trim();
}

/** Tests of what these programs do; skipped, by one that counts and says why, where they are not installed. */
function suite(name: string, programs: readonly string[], body: () => void): void {
  const absent = programs.filter((program) => spawnSync('which', [program]).status !== 0);
  if (absent.length === 0) describe(name, body);
  else test(name, { skip: `not installed: ${absent.join(', ')}` });
}

/** A root filesystem for `import`. */
function makeTar(): void {
  if (existsSync(TAR)) return;
  const root = makeRootfs(`${DIR}/rootfs`);
  ok('tar', '-C', root, '-cf', TAR, '.');
}

/** Removes what a client keeps for its next container; its monitor may take a moment to leave. */
async function removeCgroups(name: string): Promise<void> {
  const top = path.join(CGROUPS, name);
  if (!existsSync(top)) return;
  for (let tries = 100; keyed(readFileSync(`${top}/cgroup.events`, 'utf8')).populated !== 0; tries--) {
    assert.ok(tries > 0, `processes are left in ${top}`);
    await delay(100);
  }
  const dirs = cgroups().filter((dir) => dir === top || dir.startsWith(`${top}/`));
  for (const dir of dirs.reverse()) ok('rmdir', dir);
}

suite('docker run --runtime tinyrun', ['dockerd', 'docker', 'containerd'], () => {
  const host = `unix://${DIR}/docker/sock`;
  const docker = (...args: readonly string[]) => ok('docker', '-H', host, ...args);
  let dockerd: ChildProcess;
  let cgroup: string;

  before(async () => {
    mkdirSync(`${DIR}/docker`, { recursive: true });
    makeTar();
    const roots = ['--data-root', `${DIR}/docker/data`, '--exec-root', `${DIR}/docker/exec`];
    const network = ['--bridge', 'none', '--iptables=false', '--ip6tables=false'];
    const rest = ['-p', `${DIR}/docker/pid`, '-H', host, '--add-runtime', `tinyrun=${TINYRUNC}`];
    const log = openSync(`${DIR}/docker/log`, 'w');
    dockerd = spawn('dockerd', [...roots, ...network, ...rest], { stdio: ['ignore', log, log] });
    for (let tries = 300; !existsSync(`${DIR}/docker/sock`); tries--) {
      assert.ok(tries > 0 && dockerd.exitCode === null, readFileSync(`${DIR}/docker/log`, 'utf8'));
      await delay(200);
    }
    // Blocks until the daemon, which listens early, answers.
    docker('import', TAR, 'bb');
  });

  after(async () => {
    docker('rm', '-f', 'one');
    dockerd.kill('SIGTERM');
    await once(dockerd, 'exit');
    await removeCgroups('docker');
  });

  test('-m, --cpus and --pids-limit are in the container’s cgroup', () => {
    const named = ['--name', 'one', '--runtime', 'tinyrun'];
    const id = docker('run', '-d', ...named, ...LIMITS, 'bb', 'sh', '-c', GREEDY);
    cgroup = `${CGROUPS}/docker/${id}`;
    assert.deepEqual(settings(cgroup, 'memory.max', 'cpu.max', 'pids.max'), {
      'memory.max': String(64 << 20),
      'cpu.max': '50000 100000',
      'pids.max': '20',
    });
  });

  test('the program is under docker’s AppArmor profile', () => {
    const [pid] = readFileSync(`${cgroup}/cgroup.procs`, 'utf8').split('\n');
    assert.equal(readFileSync(`/proc/${pid}/attr/current`, 'utf8').trim(), 'docker-default (enforce)');
  });

  test('stats tells them', () => {
    const { MemUsage, PIDs } = JSON.parse(docker('stats', '--no-stream', '--format', '{{json .}}', 'one'));
    assert.match(MemUsage, /^[\d.]+[KM]iB \/ 64MiB$/);
    assert.equal(PIDs, '2');
  });

  test('update changes them', () => {
    docker('update', '--cpus', '0.25', '--pids-limit', '30', 'one');
    assert.deepEqual(settings(cgroup, 'cpu.max', 'pids.max', 'memory.max'), {
      'cpu.max': '25000 100000',
      'pids.max': '30',
      'memory.max': String(64 << 20),
    });
  });

  test('beyond -m the program is killed: 137, OOMKilled', () => {
    docker('kill', '-s', 'TERM', 'one');
    assert.equal(docker('wait', 'one'), '137');
    assert.equal(docker('inspect', '-f', '{{.State.OOMKilled}}', 'one'), 'true');
  });
});

suite('podman --runtime tinyrunc', ['podman', 'conmon'], () => {
  const podman = (...args: readonly string[]) =>
    ok(
      ...['env', `CONTAINERS_CONF=${DIR}/containers.conf`, 'podman', '--storage-driver', 'overlay'],
      ...['--root', `${DIR}/podman/root`, '--runroot', `${DIR}/podman/run`, ...args],
    );

  before(() => {
    mkdirSync(DIR, { recursive: true });
    makeTar();
    const engine = 'cgroup_manager="cgroupfs"\nevents_logger="file"\nruntime="tinyrunc"';
    const runtimes = `runtime_supports_json=["tinyrunc"]\n[engine.runtimes]\ntinyrunc=["${TINYRUNC}"]`;
    writeFileSync(`${DIR}/containers.conf`, `[engine]\n${engine}\n${runtimes}\n`);
    podman('import', '-q', TAR, 'bb');
  });

  after(async () => {
    podman('rm', '-f', '-t', '0', 'one');
    await removeCgroups('libpod_parent');
  });

  test('stats tells what is used, and the limits', () => {
    const id = podman('run', '-d', '--name', 'one', ...LIMITS, 'bb', 'sleep', '1000');
    assert.deepEqual(settings(`${CGROUPS}/libpod_parent/libpod-${id}`, 'memory.max', 'cpu.max', 'pids.max'), {
      'memory.max': String(64 << 20),
      'cpu.max': '50000 100000',
      'pids.max': '20',
    });
    const output = podman('stats', '--no-stream', '--format', '{{.MemUsage}}, {{.PIDS}}', 'one');
    assert.match(output, /[\d.]+[kM]?B \/ 67\.11MB, 1$/);
  });
});
