// Disks, processors and a container that was moved, on a host with cgroup v2 alone: one container, since a call of
// tinyrunc takes a second here. scripts/vm gives the guest /dev/loop0, whose scheduler is bfq.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { CGROUPS, makeBundle, settings, tinyrunc, tinyruncQuiet } from './support.ts';

const ID = 'controllers';
const NEST = `${CGROUPS}/test-nest`;
const OWN = `${NEST}/one`;
const AWAY = `${CGROUPS}/test-away`;
const LOOP = { major: 7, minor: 0 };

function bundle(name: string, cgroupsPath: string): string {
  const limits = {
    devices: [{ allow: true, type: 'b', ...LOOP, access: 'r' }],
    memory: { limit: 64 << 20 },
    cpu: { quota: 50_000, period: 100_000, shares: 512, cpus: '0-1', mems: '0' },
    blockIO: {
      weight: 500,
      weightDevice: [{ ...LOOP, weight: 100 }],
      throttleReadBpsDevice: [{ ...LOOP, rate: 1 << 20 }],
      throttleWriteBpsDevice: [{ ...LOOP, rate: 2 << 20 }],
      throttleReadIOPSDevice: [{ ...LOOP, rate: 1000 }],
      throttleWriteIOPSDevice: [{ ...LOOP, rate: 100 }],
    },
  };
  return makeBundle(name, 'exec sleep 1000', limits, ({ linux }) => {
    linux.cgroupsPath = cgroupsPath;
    linux.devices = [{ path: '/dev/loop0', type: 'b', ...LOOP }];
  });
}

function ok(...args: string[]): string {
  const { code, stdout, stderr } = tinyrunc(...args);
  assert.deepEqual({ args, code, stderr }, { args, code: 0, stderr: '' });
  return stdout;
}

/** `update` by a document; answers the exit code and what was said. */
function update(resources: object): { code: number; stderr: string } {
  writeFileSync('/scratch/update.json', JSON.stringify(resources));
  const { code, stderr } = tinyrunc('update', '-r', '/scratch/update.json', ID);
  return { code, stderr };
}

/** What a container is told that may not be born where it wants to live. */
function refusedIn(cgroupsPath: string): string {
  const { code, stderr } = tinyrunc('run', '-b', bundle('other', cgroupsPath), 'other');
  assert.equal(code, 1);
  return stderr;
}

describe('a container with limits of its disk and its processors', () => {
  let pid: string;
  /** sched_getaffinity(2) of the first process. */
  const affinity = () => /^Cpus_allowed_list:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

  before(() => {
    assert.equal(tinyruncQuiet('run', '-d', '-b', bundle(ID, '/test-nest/one'), ID), 0);
    pid = readFileSync(`${OWN}/cgroup.procs`, 'utf8').trim();
  });

  after(() => {
    tinyruncQuiet('delete', '-f', ID);
    for (const cgroup of [NEST, AWAY]) rmdirSync(cgroup);
  });

  test('they are in the files of its cgroup, and every controller is on', () => {
    const files = 'io.bfq.weight io.weight io.max cpuset.cpus cpuset.mems cpu.max cpu.weight'.split(' ');
    assert.deepEqual(settings(OWN, ...files), {
      // Of the disk's two weights bfq, which it is scheduled by, takes the one; 10 … 1000 is 1 … 10000 in the other.
      'io.bfq.weight': 'default 500\n7:0 100',
      'io.weight': 'default 4950',
      'io.max': '7:0 rbps=1048576 wbps=2097152 riops=1000 wiops=100',
      'cpuset.cpus': '0-1',
      'cpuset.mems': '0',
      'cpu.max': '50000 100000',
      'cpu.weight': '59',
    });
    assert.equal(affinity(), '0-1');
    const all = settings(CGROUPS, 'cgroup.controllers')['cgroup.controllers'] ?? '';
    for (const name of ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc'])
      assert.ok(all.split(' ').includes(name), name);
    const on = [settings(NEST, 'cgroup.subtree_control'), settings(OWN, 'cgroup.controllers')];
    assert.deepEqual(
      on.flatMap((each) => Object.values(each)),
      [all, all],
    );
  });

  test('update changes what is named and leaves the rest, of living processes', () => {
    ok('update', '--blkio-weight', '300', '--cpuset-cpus', '1', '--cpu-period', '200000', ID);
    assert.deepEqual(settings(OWN, 'io.bfq.weight', 'io.max', 'cpuset.cpus', 'cpuset.mems', 'cpu.max'), {
      'io.bfq.weight': 'default 300\n7:0 100',
      'io.max': '7:0 rbps=1048576 wbps=2097152 riops=1000 wiops=100',
      'cpuset.cpus': '1',
      'cpuset.mems': '0',
      'cpu.max': '50000 200000',
    });
    assert.equal(affinity(), '1');
  });

  test('an update that is refused halfway leaves everything as it was', () => {
    const files =
      'memory.max memory.swap.max cpu.idle cpu.weight cpu.max cpuset.cpus io.max io.bfq.weight'.split(' ');
    const then = settings(OWN, ...files);
    const { code, stderr } = update({
      memory: { limit: 96 << 20, swap: 128 << 20 },
      cpu: { idle: 1, quota: 20_000 },
      blockIO: {
        weight: 700,
        throttleReadBpsDevice: [{ ...LOOP, rate: 4096 }],
        throttleWriteBpsDevice: [{ major: 259, minor: 99, rate: 4096 }],
      },
    });
    assert.match(stderr, /259:99 wbps=4096\S+ to \S+\/io\.max: write: ENODEV/);
    assert.doesNotMatch(stderr, /putting back/);
    assert.equal(code, 1);
    assert.deepEqual(settings(OWN, ...files), then);
    const cpus = tinyrunc('update', '--cpu-quota', '10000', '--cpuset-cpus', '5', ID);
    assert.match(cpus.stderr, /cpuset\.cpus/);
    assert.equal(cpus.code, 1);
    assert.deepEqual(settings(OWN, ...files), then);
  });

  test('no other container is made where it lives', () => {
    assert.match(refusedIn('/test-nest/one'), /container's cgroup is not empty: 1 process\(es\) found/);
  });

  test('moved to another cgroup, its own gone, every verb finds it and its limits', () => {
    mkdirSync(AWAY);
    writeFileSync(`${AWAY}/memory.max`, String(128 << 20));
    writeFileSync(`${AWAY}/cgroup.procs`, pid);
    rmdirSync(OWN);
    const changed = update({
      pids: { limit: 40 },
      blockIO: { throttleReadBpsDevice: [{ ...LOOP, rate: 1 << 20 }] },
    });
    assert.deepEqual(changed, { code: 0, stderr: '' });
    assert.deepEqual(settings(AWAY, 'pids.max', 'io.max'), {
      'pids.max': '40',
      'io.max': '7:0 rbps=1048576 wbps=max riops=max wiops=max',
    });
    const clock = 'read -r now rest </proc/uptime; echo $now';
    const read = 'dd if=/dev/loop0 of=/dev/null bs=64k count=16 2>/dev/null';
    const said = ok('exec', ID, 'sh', '-c', `cat /proc/self/cgroup; ${clock}; ${read}; ${clock}`);
    const [, cgroup, start, end] = /^0::(\S*)\n(\S+)\n(\S+)\n$/.exec(said) ?? [];
    assert.equal(cgroup, '/../../test-away', said);
    assert.ok(Number(end) - Number(start) > 0.7, `1 MiB at 1 MiB a second: ${said}`);
    const { data } = JSON.parse(ok('events', '--stats', ID));
    assert.deepEqual([data.memory.usage.limit, data.pids.limit], [128 << 20, 40]);
    const reads = data.blkio.ioServiceBytesRecursive.filter(
      (entry: { major: number; op: string }) => entry.major === 7 && entry.op === 'Read',
    );
    assert.ok(reads[0]?.value > 900_000, JSON.stringify(data.blkio));
    ok('pause', ID);
    assert.match(readFileSync(`${AWAY}/cgroup.events`, 'utf8'), /^frozen 1$/m);
    assert.match(refusedIn('/test-away/below'), /container's cgroup unexpectedly frozen: \S+\/test-away\//);
    ok('resume', ID);
    ok('kill', '--all', ID, 'KILL');
    ok('delete', '-f', ID);
    assert.equal(readFileSync(`${AWAY}/cgroup.procs`, 'utf8'), '');
  });
});
