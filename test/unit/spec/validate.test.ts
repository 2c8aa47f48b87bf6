import { describe, expect, it } from 'vitest';
import { parseJson, u64 } from '../../../src/spec/parse.ts';
import { sysctlPath } from '../../../src/spec/sysctl.ts';
import {
  assertSpec,
  summary,
  validateProcess,
  validateResources,
  validateSpec,
} from '../../../src/spec/validate/index.ts';

type Json = Record<string, unknown>;

const ALL = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'];
const map = [{ containerID: 0, hostID: 100000, size: 65536 }];

function spec(over: Json = {}): Json {
  return { ociVersion: '1.2.0', process: { cwd: '/', args: ['sh'] }, root: { path: 'rootfs' }, ...over };
}
const proc = (over: Json) => spec({ process: { cwd: '/', args: ['sh'], ...over } });
const linux = (over: Json, types = ALL.filter((t) => t !== 'user')) =>
  spec({ linux: { namespaces: types.map((type) => ({ type })), ...over } });
const res = (resources: Json) => linux({ resources });
const mounts = (mount: Json) => ({ ...linux({}), mounts: [mount] });
const first = (value: unknown) => summary(validateSpec(value).errors);

describe('validateSpec', () => {
  it('takes the least a spec may be', () => expect(validateSpec(spec())).toMatchObject({ errors: [] }));

  it('passes over unknown fields, null and empty ones', () => {
    const odd = spec({
      extra: { deep: 1 },
      hooks: null,
      linux: { rootfsPropagation: '', devices: null, new: [] },
    });
    expect(validateSpec(odd)).toMatchObject({ errors: [], warnings: [] });
  });

  it.each<[unknown, string]>([
    [null, 'null is not an object'],
    [[], 'a list is not an object'],
    [{}, 'ociVersion: is missing (and 2 more)'],
    [spec({ ociVersion: '1.2' }), 'ociVersion: "1.2" is not a version such as 1.3.0'],
    [spec({ ociVersion: '2.0.0' }), 'ociVersion: "2.0.0" is not supported: 1.x is'],
    [spec({ root: {} }), 'root.path: is missing'],
    [spec({ root: { path: '' } }), 'root.path: must not be empty'],
    [spec({ annotations: { a: 1 } }), 'annotations.a: 1 is not a string'],
    [
      spec({ hooks: { prestart: [{ path: 'bin/x' }] } }),
      'hooks.prestart[0].path: "bin/x" is not an absolute path',
    ],
    [
      spec({ hooks: { poststop: [{ path: '/x', timeout: 0 }] } }),
      'hooks.poststop[0].timeout: 0 is not between 1 and',
    ],
    [proc({ cwd: 'tmp' }), 'process.cwd: "tmp" is not an absolute path'],
    [proc({ args: [] }), 'process.args: must name the program to run'],
    [proc({ args: ['a\0b'] }), 'process.args[0]: a NUL byte cannot be passed to the kernel'],
    [proc({ env: ['A'] }), 'process.env[0]: is not NAME=value'],
    [proc({ user: { uid: -1 } }), 'process.user.uid: -1 is not between 0 and 4294967294'],
    [proc({ user: { uid: 4294967295 } }), 'process.user.uid: 4294967295 is not between'],
    [proc({ user: { uid: 1.5 } }), 'process.user.uid: 1.5 is not an integer'],
    [proc({ user: { uid: '0' } }), 'process.user.uid: "0" is not an integer'],
    [proc({ oomScoreAdj: -1001 }), 'process.oomScoreAdj: -1001 is not between -1000 and 1000'],
    [
      proc({ rlimits: [{ type: 'NOFILE', hard: 1, soft: 1 }] }),
      'process.rlimits[0].type: "NOFILE" is not a resource',
    ],
    [
      proc({ rlimits: [{ type: 'RLIMIT_CPU', hard: 1, soft: 2 }] }),
      'process.rlimits[0]: RLIMIT_CPU: soft 2 is above',
    ],
    [
      proc({ rlimits: Array(2).fill({ type: 'RLIMIT_CPU', hard: 1, soft: 1 }) }),
      'process.rlimits[1]: RLIMIT_CPU is set twice',
    ],
    [
      proc({ capabilities: { effective: ['CAP_KILL'] } }),
      'process.capabilities.effective: CAP_KILL is not in permitted',
    ],
    [proc({ scheduler: { policy: 'FIFO' } }), 'process.scheduler.policy: "FIFO" is not a scheduling policy'],
    [
      proc({ scheduler: { policy: 'SCHED_RR', runtime: 1 } }),
      'process.scheduler.runtime: is only for SCHED_DEADLINE',
    ],
    [
      proc({ ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 8 } }),
      'process.ioPriority.priority: 8 is not between',
    ],
    [
      proc({ execCPUAffinity: { final: '3-1' } }),
      'process.execCPUAffinity.final: "3-1" is not a list such as',
    ],
    [linux({}, ['foo']), 'linux.namespaces[0].type: "foo" is not a namespace (pid, network, mount,'],
    [linux({}, ['pid', 'pid']), 'linux.namespaces[1]: pid is listed twice'],
    [
      spec({ linux: { namespaces: [{ type: 'pid', path: 'x' }] } }),
      'linux.namespaces[0].path: "x" is not an absolute',
    ],
    [spec({ hostname: 'a' }), 'hostname: needs a uts namespace in linux.namespaces'],
    [{ ...linux({}), hostname: 'a'.repeat(65) }, 'hostname: is longer than the 64 bytes'],
    [spec({ linux: { maskedPaths: ['/proc/kcore'] } }), 'linux.maskedPaths: needs a mount namespace'],
    [linux({ maskedPaths: ['proc/kcore'] }), 'linux.maskedPaths[0]: "proc/kcore" is not an absolute path'],
    [linux({ uidMappings: map }), 'linux.uidMappings: needs a user namespace'],
    [linux({}, ['user']), 'linux.uidMappings: is missing: a new user namespace'],
    [
      linux({ uidMappings: [...map, ...map], gidMappings: map }, ['user']),
      'linux.uidMappings[1]: containerID overlaps [0]',
    ],
    [
      linux({ uidMappings: [{ containerID: 0, hostID: 1, size: 0 }] }),
      'linux.uidMappings[0].size: 0 is not between',
    ],
    [
      linux({ timeOffsets: { monotonic: { secs: 1 } } }, ['pid']),
      'linux.timeOffsets: needs a time namespace',
    ],
    [linux({ timeOffsets: { realtime: {} } }), 'linux.timeOffsets.realtime: "realtime" is not a clock'],
    [linux({ netDevices: { eth0: {} } }, ['pid']), 'linux.netDevices: needs a network namespace'],
    [
      linux({ netDevices: { eth0: { name: 'a/b' } } }),
      'linux.netDevices.eth0: "a/b" is not a name of an interface',
    ],
    [
      linux({ sysctl: { 'vm.overcommit_memory': '1' } }),
      'linux.sysctl["vm.overcommit_memory"]: belongs to no namespace',
    ],
    [
      linux({ sysctl: { 'net.ipv4.ip_forward': '1' } }, ['pid']),
      'linux.sysctl["net.ipv4.ip_forward"]: needs the namespace network',
    ],
    [
      linux({ sysctl: { 'kernel.hostname': 'a' } }),
      'linux.sysctl["kernel.hostname"]: is set by the field hostname',
    ],
    [linux({ sysctl: { 'net/../../etc/x': '1' } }), 'linux.sysctl["net/../../etc/x"]: is not the name of'],
    [linux({ devices: [{ path: '/dev/x', type: 'c', major: 1 }] }), 'linux.devices[0].minor: is missing'],
    [
      linux({ devices: [{ path: '/dev/x', type: 'x' }] }),
      'linux.devices[0].type: "x" is not a device type (c, u, b, p)',
    ],
    [
      linux({ rootfsPropagation: 'bind' }),
      'linux.rootfsPropagation: "bind" is not a mount propagation (private,',
    ],
    [linux({ personality: { domain: 'BSD' } }), 'linux.personality.domain: "BSD" is not an execution domain'],
    [linux({ cgroupsPath: '/a/../../b' }), 'linux.cgroupsPath: must not contain ..'],
    [linux({ intelRdt: { closID: '..' } }), 'linux.intelRdt.closID: ".." is not a name of a directory'],
    [
      linux({ intelRdt: { memBwSchema: '0=20' } }),
      'linux.intelRdt.memBwSchema: "0=20" does not start with MB:',
    ],
    [res({ rdma: { mlx5_1: {} } }), 'linux.resources.rdma.mlx5_1: needs hcaHandles or hcaObjects'],
    [
      res({ blockIO: { weightDevice: [{ major: 8, minor: 0 }] } }),
      'linux.resources.blockIO.weightDevice[0]: needs weight',
    ],
    [res({ memory: { limit: -2 } }), 'linux.resources.memory.limit: -2 is below -1'],
    [res({ memory: { limit: 10, swap: 5 } }), 'linux.resources.memory.swap: 5 is below limit 10'],
    [res({ cpu: { period: 1 } }), 'linux.resources.cpu.period: 1 is not between 1000 and 1000000'],
    [res({ cpu: { cpus: 'a' } }), 'linux.resources.cpu.cpus: "a" is not a list such as 0-3,7'],
    [
      res({ devices: [{ allow: true, access: 'x' }] }),
      'linux.resources.devices[0].access: "x" is not of r, w, m',
    ],
    [
      res({ unified: { '../x.max': '1' } }),
      'linux.resources.unified["../x.max"]: is not the name of a cgroup file',
    ],
    [
      res({ unified: { 'cgroup.procs': '1' } }),
      'linux.resources.unified["cgroup.procs"]: belongs to the runtime',
    ],
    [
      res({ hugepageLimits: [{ pageSize: '2M', limit: 1 }] }),
      'linux.resources.hugepageLimits[0].pageSize: "2M" is not',
    ],
    [
      res({ blockIO: { weightDevice: [{ major: 1, minor: 1, weight: 5 }] } }),
      'linux.resources.blockIO.weightDevice[0].weight: 5',
    ],
    [mounts({ destination: '/a', options: ['rbind'] }), 'mounts[0].source: a bind mount needs one'],
    [mounts({ destination: '/a' }), 'mounts[0].type: is missing'],
    [
      mounts({ destination: '/a', type: 'tmpfs', uidMappings: map, gidMappings: map }),
      'mounts[0].uidMappings: are only for bind',
    ],
    [
      mounts({ destination: '/a', source: '/b', options: ['bind'], uidMappings: map }),
      'mounts[0].gidMappings: is missing beside',
    ],
    [
      mounts({ destination: '/a', source: '/b', options: ['bind', 'idmap'] }),
      'mounts[0].options: idmap needs uidMappings',
    ],
  ])('%# says what is wrong and where', (value, message) => expect(first(value)).toContain(message));

  it.each<[Json, string]>([
    [{ defaultAction: 'ALLOW' }, 'linux.seccomp.defaultAction: "ALLOW" is not a seccomp action'],
    [
      { defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: 1 },
      'linux.seccomp.defaultErrnoRet: has no meaning with',
    ],
    [
      { defaultAction: 'SCMP_ACT_NOTIFY', listenerPath: '/s' },
      'linux.seccomp.defaultAction: cannot be SCMP_ACT_NOTIFY',
    ],
    [
      { defaultAction: 'SCMP_ACT_ALLOW', listenerMetadata: 'x' },
      'linux.seccomp.listenerMetadata: has no meaning',
    ],
    [
      { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['x86'] },
      'linux.seccomp.architectures[0]: "x86" is not an arch',
    ],
    [
      { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }] },
      'linux.seccomp.listenerPath: is needed by SCMP_ACT_NOTIFY',
    ],
    [
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['a'], action: 'SCMP_ACT_LOG', args: [{ index: 6 }] }],
      },
      'linux.seccomp.syscalls[0].args[0].index: 6 is not between 0 and 5',
    ],
  ])('seccomp %#', (seccomp, message) => expect(first(linux({ seccomp }))).toContain(message));

  it('warns of unknown capabilities, once each, and goes on', () => {
    const sets = { bounding: ['CAP_NEW', 'CAP_KILL'], permitted: ['CAP_NEW'], effective: ['CAP_NEW'] };
    const verdict = validateSpec(proc({ capabilities: sets }));
    expect(verdict.errors).toEqual([]);
    expect(verdict.warnings).toEqual([
      { path: 'process.capabilities.bounding[0]', message: 'unknown capability "CAP_NEW" is ignored' },
    ]);
  });

  it('warns of ambient capabilities that cannot be raised, and goes on', () => {
    const sets = { permitted: ['CAP_KILL'], inheritable: ['CAP_KILL'], ambient: ['CAP_KILL', 'CAP_CHOWN'] };
    const verdict = validateSpec(proc({ capabilities: sets }));
    expect(verdict.errors).toEqual([]);
    expect(verdict.warnings.map(({ message }) => message)).toEqual([
      'CAP_CHOWN is not in permitted: it cannot be raised',
      'CAP_CHOWN is not in inheritable: it cannot be raised',
    ]);
  });

  it('warns of mounts without a mount namespace, and goes on', () => {
    const verdict = validateSpec(spec({ mounts: [{ destination: '/a', type: 'tmpfs' }] }));
    expect(verdict.errors).toEqual([]);
    expect(verdict.warnings.map(({ path }) => path)).toEqual(['mounts']);
  });

  it('warns of a relative mount destination, and goes on', () => {
    const verdict = validateSpec(mounts({ destination: 'data', type: 'tmpfs' }));
    expect(verdict.errors).toEqual([]);
    expect(verdict.warnings.map(({ path }) => path)).toEqual(['mounts[0].destination']);
  });

  it('takes every configuration of 1.0 to 1.3, and a nice value with any policy', () => {
    for (const ociVersion of ['1.0.0', '1.0.2-dev', '1.1.0', '1.2.1', '1.3.0'])
      expect(validateSpec(spec({ ociVersion })).errors).toEqual([]);
    for (const policy of ['SCHED_OTHER', 'SCHED_BATCH', 'SCHED_IDLE', 'SCHED_FIFO'])
      expect(validateSpec(proc({ scheduler: { policy, nice: 5 } })).errors).toEqual([]);
  });

  const policy = (memoryPolicy: object) => validateSpec(spec({ linux: { memoryPolicy } }));

  it.each<[object, string]>([
    [{}, 'linux.memoryPolicy.mode: is missing'],
    [{ mode: 'MPOL_ODD' }, 'linux.memoryPolicy.mode: "MPOL_ODD" is not a memory policy (MPOL_DEFAULT'],
    [{ mode: 'MPOL_BIND' }, 'linux.memoryPolicy.nodes: is missing: MPOL_BIND needs them'],
    [{ mode: 'MPOL_LOCAL', nodes: '0' }, 'linux.memoryPolicy.nodes: MPOL_LOCAL takes none'],
    [{ mode: 'MPOL_DEFAULT', nodes: '0' }, 'linux.memoryPolicy.nodes: MPOL_DEFAULT takes none'],
    [{ mode: 'MPOL_BIND', nodes: '0-' }, 'linux.memoryPolicy.nodes: "0-" is not a list'],
    [{ mode: 'MPOL_BIND', nodes: '3-1' }, 'linux.memoryPolicy.nodes: "3-1" is not a list'],
    [
      { mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_ODD'] },
      'linux.memoryPolicy.flags[0]: "MPOL_F_ODD" is not',
    ],
    [
      { mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES', 'MPOL_F_RELATIVE_NODES'] },
      'linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other',
    ],
  ])('memory policy %j is refused', (memoryPolicy, message) =>
    expect(summary(policy(memoryPolicy).errors)).toContain(message),
  );

  it('takes every memory policy of the specification', () => {
    for (const mode of ['MPOL_DEFAULT', 'MPOL_LOCAL', 'MPOL_PREFERRED'])
      expect(policy({ mode }).errors).toEqual([]);
    for (const mode of [
      'MPOL_PREFERRED',
      'MPOL_BIND',
      'MPOL_INTERLEAVE',
      'MPOL_PREFERRED_MANY',
      'MPOL_WEIGHTED_INTERLEAVE',
    ])
      expect(policy({ mode, nodes: '0-1,3', flags: ['MPOL_F_STATIC_NODES'] }).errors).toEqual([]);
  });

  it.each<[object, string]>([
    [{ closID: '../x' }, 'linux.intelRdt.closID'],
    [{ schemata: 'L3:0=f' }, 'linux.intelRdt.schemata: "L3:0=f" is not a list'],
    [{ schemata: ['L3:0=f\nMB:0=1'] }, 'linux.intelRdt.schemata[0]: must be one line'],
    [{ enableMonitoring: 'yes' }, 'linux.intelRdt.enableMonitoring: "yes" is not true or false'],
  ])('intelRdt %j is refused', (intelRdt, message) =>
    expect(summary(validateSpec(spec({ linux: { intelRdt } })).errors)).toContain(message),
  );

  it('the root class of intelRdt is a class', () =>
    expect(validateSpec(spec({ linux: { intelRdt: { closID: '/' } } })).errors).toEqual([]));

  it('takes the numbers that Go writes for no limit', () => {
    const text = '{"type":"RLIMIT_NOFILE","hard":18446744073709551615,"soft":18446744073709551615}';
    expect(validateSpec(proc({ rlimits: [JSON.parse(text)] }))).toMatchObject({ errors: [] });
    expect(u64(JSON.parse('18446744073709551615'))).toBe(2n ** 64n - 1n);
    expect(u64(-1)).toBe(2n ** 64n - 1n);
  });

  it('takes joined user namespaces without mappings, and time namespaces without offsets', () => {
    const joined = { namespaces: [{ type: 'user', path: '/proc/1/ns/user' }, { type: 'time' }] };
    expect(validateSpec(spec({ linux: joined }))).toMatchObject({ errors: [] });
  });

  it('stops counting at 100', () => {
    const env = Array.from({ length: 5000 }, () => 7);
    expect(validateSpec(proc({ env })).errors).toHaveLength(100);
  });
});

describe('the other documents', () => {
  it('process of exec', () => {
    expect(validateProcess({ cwd: '/', args: ['true'] })).toMatchObject({ errors: [] });
    expect(summary(validateProcess({ args: ['true'] }).errors)).toBe('process.cwd: is missing');
  });
  it('resources of update', () => {
    expect(validateResources({ pids: { limit: 5 } })).toMatchObject({ errors: [] });
    expect(summary(validateResources({ memory: 5 }).errors)).toBe('resources.memory: 5 is not an object');
    for (const access of ['rwm', 'mwr', 'wr', 'rw', 'm', ''])
      expect(validateResources({ devices: [{ allow: true, access }] })).toMatchObject({ errors: [] });
    for (const access of ['rwx', 'R', 'rw m', 'rwmr'])
      expect(summary(validateResources({ devices: [{ allow: true, access }] }).errors)).toContain(
        'of r, w, m',
      );
  });
});

describe('assertSpec', () => {
  it('throws the first problem with the file', () => {
    expect(() => assertSpec({}, 'b/config.json')).toThrow(
      'b/config.json: ociVersion: is missing (and 2 more)',
    );
  });
});

describe('parseJson', () => {
  it('drops null fields at any depth, keeps null in lists', () => {
    expect(parseJson('{"a":null,"b":{"c":null,"d":[null,{"e":null}]}}', 'x')).toEqual({
      b: { d: [null, {}] },
    });
  });
  it('survives deep nesting', () => {
    const deep = `${'['.repeat(200_000)}null${']'.repeat(200_000)}`;
    expect(summary(validateSpec(parseJson(deep, 'x')).errors)).toBe('a list is not an object');
    const nested = `${'{"linux":'.repeat(100_000)}null${'}'.repeat(100_000)}`;
    expect(validateSpec(parseJson(nested, 'x')).errors[0]?.message).toBe('is missing');
  });
  it('refuses masks of seccomp that it would round', () => {
    expect(() => parseJson('{"value": 18446744073709551614}', 'c.json')).toThrow(
      'c.json: 18446744073709551614 cannot',
    );
    for (const exact of ['18446744073709551615', '9223372036854775808', '9007199254740992', '4294967295'])
      expect(parseJson(`{"value":${exact}}`, 'c.json')).toEqual({ value: Number(exact) });
  });
  it('names the file that is no JSON', () =>
    expect(() => parseJson('{', 'c.json')).toThrow(/^c\.json: is not JSON/));
});

describe('sysctlPath', () => {
  it('takes both separators, the first decides', () => {
    expect(sysctlPath('net.ipv4.ip_forward')).toEqual(['net', 'ipv4', 'ip_forward']);
    const vlan = ['net', 'ipv4', 'conf', 'eth0.1', 'forwarding'];
    expect(sysctlPath('net/ipv4/conf/eth0.1/forwarding')).toEqual(vlan);
    expect(sysctlPath('net.ipv4.conf.eth0/1.forwarding')).toEqual(vlan);
  });
  it.each(['', 'net', '.', 'net..x', 'net.//.x', 'net/../x', '/net/x', 'net/x/'])('%j is none', (key) =>
    expect(sysctlPath(key)).toBeUndefined(),
  );
});
