import { describe, expect, test } from 'vitest';
import { bitMask } from '../../../src/plan/compile/affinity.ts';
import { type CompileOptions, compile } from '../../../src/plan/compile/index.ts';
import type { HostFacts } from '../../../src/plan/host.ts';
import type { StepArgs } from '../../../src/plan/steps.gen.ts';
import type { Plan, StepName } from '../../../src/plan/types.ts';
import { execPlan } from '../../../src/plan/verbs/exec.ts';
import { DEVICE_ALLOW_ALL, defaultSpec } from '../../../src/spec/defaults.ts';
import type { Linux, Mount, Spec } from '../../../src/spec/types.ts';
import { HYBRID, NONE, ROOT, ROOTLESS } from '../../golden/plan/hosts.ts';
import { MINIMAL } from '../../golden/plan/specs.ts';

const OPTIONS: CompileOptions = {
  id: 'c1',
  bundle: '/bundle',
  rootfs: { kind: 'directory', path: '/bundle/rootfs' },
  wait: { kind: 'exec' },
};
const made = (spec: Spec, host: HostFacts = ROOT, options: Partial<CompileOptions> = {}) =>
  compile(spec, host, { ...OPTIONS, ...options });
const ops = ({ steps }: Plan) => steps.map(({ op }) => op);
const at = (plan: Plan, op: StepName) => ops(plan).indexOf(op);
function argsOf<N extends StepName>(plan: Plan, op: N): StepArgs[N][] {
  return plan.steps.filter((step) => step.op === op).map((step) => step.args as StepArgs[N]);
}
const linux = (more: Linux): Spec => ({ ...MINIMAL, linux: { ...MINIMAL.linux, ...more } });
const MAPS = [{ containerID: 0, hostID: 100000, size: 65536 }];

describe('order of the container lane', () => {
  const { plan } = made(
    {
      ...defaultSpec(),
      hostname: 'box',
      root: { path: 'rootfs', readonly: true },
      process: { ...(defaultSpec().process ?? { cwd: '/' }), terminal: true, oomScoreAdj: 1 },
      linux: { ...defaultSpec().linux, seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } },
      hooks: { createContainer: [{ path: '/a' }], startContainer: [{ path: '/b' }] },
    },
    ROOT,
    { seccomp: { filter: new Uint8Array(8), flags: 0 }, wait: { kind: 'fifo', path: '/f' } },
  );

  test.each<[StepName, StepName, string]>([
    ['setsid', 'console', 'a terminal is given to a session leader'],
    ['propagateRoot', 'rootfsBind', 'or the mount spreads to the host'],
    ['mountFs', 'makeNode', 'nodes go onto the new /dev'],
    ['oomScoreAdj', 'pivotRoot', 'needs a /proc'],
    ['makeNode', 'pivotRoot', 'devices are bound from the host in a user namespace'],
    ['pivotRoot', 'console', 'its own devpts'],
    ['console', 'readonlyRoot', 'makes /dev/console'],
    ['sysctl', 'readonlyPath', '/proc/sys becomes read-only'],
    ['readonlyPath', 'mask', 'masks may lie below'],
    ['chdir', 'setUser', 'root may enter what the user may not'],
    ['capBounding', 'setUser', 'takes CAP_SETPCAP'],
    ['setUser', 'capSet', 'a change of user clears capabilities'],
    ['setUser', 'findExecutable', 'it is the user who runs it'],
    ['findExecutable', 'ready', 'create tells that it is missing'],
    ['closeFds', 'seccomp', 'the filter need not allow it'],
    ['ready', 'awaitStart', 'the container waits as created'],
    ['awaitStart', 'seccomp', 'the filter need not allow waiting'],
    ['seccomp', 'execve', 'nothing else runs under it'],
  ])('%s before %s: %s', (first, second) => {
    expect(at(plan, first)).toBeGreaterThanOrEqual(0);
    expect(at(plan, first)).toBeLessThan(at(plan, second));
  });

  test('without no_new_privs CAP_SYS_ADMIN lasts until the filter is loaded, and no longer', () => {
    const [before, after] = argsOf(plan, 'capSet');
    const admin = 1n << 21n;
    expect((before?.effective ?? 0n) & admin).toBe(admin);
    expect((after?.effective ?? admin) & admin).toBe(0n);
    expect((after?.permitted ?? admin) & admin).toBe(0n);
    expect(ops(plan).lastIndexOf('capSet')).toBeGreaterThan(at(plan, 'seccomp'));
  });

  test('createContainer hooks run before the pivot, startContainer hooks after start', () => {
    const hooks = plan.steps.flatMap((step, index) => (step.op === 'hook' ? [[step.args.path, index]] : []));
    expect(hooks).toEqual([
      ['/a', at(plan, 'pivotRoot') - 1],
      ['/b', at(plan, 'awaitStart') + 2],
    ]);
    // programs of the image, bound as its own is; what starts them is not
    expect(at(plan, 'confineHooks')).toBe(at(plan, 'awaitStart') + 1);
    expect(at(plan, 'seccomp')).toBeGreaterThan(at(plan, 'awaitStart') + 2);
  });
});

describe('handshake', () => {
  test('no user namespace, no hook: not one packet but the end of the socket', () => {
    const { plan } = made(MINIMAL);
    for (const op of ['idMaps', 'awaitConfigured', 'sync', 'ready', 'yield'] as const)
      expect(at(plan, op)).toBe(-1);
    expect(ops(plan).at(-1)).toBe('awaitExec');
  });

  test('both lanes meet at the same stages, in the same order', () => {
    const spec = linux({
      namespaces: [{ type: 'mount' }, { type: 'user' }, { type: 'network', path: '/n' }],
      uidMappings: MAPS,
      gidMappings: MAPS,
      seccomp: { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/s' },
    });
    const { plan } = made({ ...spec, hooks: { prestart: [{ path: '/h' }] } }, ROOT, {
      seccomp: { filter: new Uint8Array(8), flags: 0 },
      netDevices: { eth9: { as: 'eth9', addresses: [], up: true } },
      cgroup: { path: '/a.slice/b.scope', manager: 'external' },
    });
    const stages = (op: 'sync' | 'awaitSync' | 'signalSync') => argsOf(plan, op).map(({ stage }) => stage);
    // the last one is part of the step that loads the filter: nothing runs in between
    expect(stages('sync')).toEqual([3, 6, 0, 1]);
    expect(argsOf(plan, 'seccomp').map(({ stage }) => stage)).toEqual([2]);
    expect(stages('awaitSync')).toEqual([3, 6, 0, 1, 2]);
    expect(stages('signalSync')).toEqual([3, 6, 0, 1, 2]);
    expect(argsOf(plan, 'signalConfigured')).toHaveLength(1);
    expect(argsOf(plan, 'awaitConfigured')).toHaveLength(1);
  });

  test('a slot is opened before the clone that passes it, and used after', () => {
    const { plan } = made(
      linux({
        namespaces: [{ type: 'mount' }, { type: 'ipc', path: '/i' }, { type: 'network', path: '/n' }],
      }),
      ROOT,
      { wait: { kind: 'fifo', path: '/f' } },
    );
    const opened = argsOf(plan, 'open').map(({ slot }) => slot);
    expect(argsOf(plan, 'clone')[0]?.pass).toEqual(opened);
    expect(
      [...argsOf(plan, 'setns').map(({ slot }) => slot), argsOf(plan, 'awaitStart')[0]?.fifo].sort(),
    ).toEqual([...opened].sort());
  });
});

describe('publish', () => {
  const publish = (cgroup: string | undefined) => ({ path: '/s', head: `${cgroup} `, middle: ' ', tail: '' });
  test('the state is written while the container is set up; the program waits for it', () => {
    const { plan, cgroup } = made(MINIMAL, ROOT, { publish });
    expect(at(plan, 'publish')).toBe(at(plan, 'setsid') + 1);
    expect(argsOf(plan, 'publish')).toEqual([publish(cgroup)]);
    expect(at(plan, 'sync')).toBeGreaterThan(at(plan, 'findExecutable'));
    expect(at(plan, 'signalSync')).toBeLessThan(at(plan, 'execve'));
    expect(plan.steps.some(({ op }) => op === 'yield')).toBe(false);
  });
  test('with a fork the pid comes late', () => {
    const { plan } = made(linux({ namespaces: [{ type: 'mount' }, { type: 'pid', path: '/p' }] }), ROOT, {
      publish,
    });
    expect(argsOf(plan, 'publish')).toHaveLength(1);
    expect(at(plan, 'publish')).toBe(at(plan, 'awaitSync') + 1);
    expect(at(plan, 'publish')).toBeLessThan(at(plan, 'signalSync'));
  });
});

describe('what the kernel is to learn first', () => {
  test('the policy of the profile, before anything is made', () => {
    const policy = Uint8Array.of(4, 8, 0);
    const spec = { ...MINIMAL, process: { ...MINIMAL.process, cwd: '/', apparmorProfile: 'p' } };
    const { plan } = made(spec, { ...ROOT, apparmor: true }, { apparmor: policy });
    expect(plan.steps[0]).toMatchObject({
      op: 'writeBytes',
      args: { path: '/sys/kernel/security/apparmor/.replace', value: policy },
      why: expect.stringContaining('profile p'),
    });
    expect(plan.steps[0]?.undo).toBeUndefined();
    expect(argsOf(made(spec, { ...ROOT, apparmor: true }).plan, 'writeBytes')).toEqual([]);
  });
  test('a unit that systemd is asked for is in the undo list before it is asked', () => {
    const { plan, cgroup } = made(MINIMAL, ROOT, {
      cgroup: { path: '/a.slice/b.scope', manager: 'external' },
    });
    const asked = plan.steps.find(({ op }) => op === 'yield');
    expect(cgroup).toBe('/sys/fs/cgroup/a.slice/b.scope');
    expect(asked?.undo).toEqual([
      { op: 'cgroupRemove', args: { path: cgroup } },
      { op: 'cgroupKill', args: { path: cgroup } },
    ]);
  });
});

describe('device program', () => {
  const guarded = linux({ resources: { devices: [{ allow: false, access: 'rwm' }] } });
  const placed = (options: Partial<CompileOptions>) => {
    const { plan } = made(guarded, ROOT, options);
    const device = at(plan, 'cgroupDevices');
    return { plan, device, clone: at(plan, 'clone') };
  };
  test('is there before a process that nothing holds back', () => {
    const { device, clone } = placed({});
    expect(device).toBeGreaterThan(0);
    expect(device).toBeLessThan(clone);
  });
  test('is loaded meanwhile where the program waits for the host lane', () => {
    const state = placed({ publish: () => ({ path: '/s', head: '', middle: '', tail: '' }) });
    expect(state.device).toBeGreaterThan(state.clone);
    expect(state.device).toBeLessThan(at(state.plan, 'signalSync'));
    const created = placed({ wait: { kind: 'fifo', path: '/f' } });
    expect(created.device).toBeGreaterThan(created.clone);
    expect(created.device).toBeLessThan(at(created.plan, 'awaitReady'));
  });
});

describe('cgroup', () => {
  const limited = linux({ resources: { devices: [DEVICE_ALLOW_ALL], memory: { limit: 1 << 20 } } });

  test('a limit that cannot be kept is refused, with the controller, the reason and the remedy', () => {
    const run = () => made(limited, { ...ROOT, cgroup: HYBRID });
    expect(run).toThrow(
      'cgroup controller memory is not on cgroup v2: the host has mounted it as cgroup v1 at /sys/fs/cgroup/memory',
    );
    expect(run).toThrow(expect.objectContaining({ code: 'CGROUP_CONTROLLER', exitCode: 125 }));
    expect(run).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('unified_cgroup_hierarchy=1') }),
    );
  });

  test('unified names files of cgroup v2: without their controller it is refused, by tinyrunc too', () => {
    const resources = { unified: { 'memory.high': '1048576' } };
    const options = { onMissingController: 'warn' } as const;
    expect(() => made(linux({ resources }), { ...ROOT, cgroup: HYBRID }, options)).toThrow(
      'memory.high: cgroup controller memory is not on cgroup v2',
    );
  });

  test('tinyrunc is told once per controller', () => {
    const resources = { memory: { limit: 1, reservation: 1 }, cpu: { quota: 1, shares: 5 } };
    const { warnings, plan } = made(
      linux({ resources }),
      { ...ROOT, cgroup: HYBRID },
      { onMissingController: 'warn' },
    );
    expect(warnings).toHaveLength(2);
    expect(argsOf(plan, 'writeFile')).toEqual([]);
  });

  describe('pids.limit', () => {
    const placed = (limit: number, spec: Linux = {}) => {
      const { plan } = made(linux({ ...spec, resources: { pids: { limit } } }));
      const written = plan.steps.findIndex(
        ({ op, args }) => op === 'writeFile' && (args as { path: string }).path.endsWith('/pids.max'),
      );
      expect(plan.steps[written]?.args).toMatchObject({ value: String(limit) });
      return { plan, written };
    };
    test.each([0, 1])('%d leaves nobody room to be born: it comes once the process is there', (limit) => {
      for (const spec of [{}, { namespaces: [{ type: 'mount' }, { type: 'pid', path: '/p' }] }] as Linux[]) {
        const { plan, written } = placed(limit, spec);
        expect(written).toBeGreaterThan(at(plan, 'clone'));
        expect(written).toBeGreaterThan(ops(plan).lastIndexOf('awaitSync'));
        expect(written).toBeLessThan(ops(plan).lastIndexOf('signalSync'));
        expect(ops(plan).lastIndexOf('sync')).toBeGreaterThan(at(plan, 'fork'));
        expect(ops(plan).lastIndexOf('sync')).toBeLessThan(at(plan, 'execve'));
      }
    });
    test('2 and more hold before it is born', () => {
      const { plan, written } = placed(2);
      expect(written).toBeLessThan(at(plan, 'clone'));
    });
  });

  test('no cgroup2: no cgroup, and the process is not born into one', () => {
    const { plan, cgroup } = made(MINIMAL, { ...ROOT, cgroup: NONE });
    expect(cgroup).toBeUndefined();
    expect(argsOf(plan, 'clone')[0]?.cgroup).toBe(0xffffffff);
  });

  test.each([
    [undefined, '/user.slice/c1'],
    ['pods/x', '/user.slice/pods/x'],
    ['/pods/x', '/pods/x'],
    ['/./pods//x/.', '/pods/x'],
  ])('cgroupsPath %s', (cgroupsPath, path) => {
    const { cgroup, plan } = made(linux(cgroupsPath === undefined ? {} : { cgroupsPath }));
    expect(cgroup).toBe(`/sys/fs/cgroup${path}`);
    expect(plan.steps.find(({ op }) => op === 'cgroupCreate')?.undo?.[0]).toEqual({
      op: 'cgroupRemove',
      args: { path: cgroup },
    });
  });

  test.each(['/', '//', '/./', '/.'])("%s is nobody's cgroup", (cgroupsPath) => {
    expect(() => made(linux({ cgroupsPath }))).toThrow('linux.cgroupsPath: names the root');
  });

  test('without privileges there is none unless it is asked for', () => {
    const user = {
      namespaces: [{ type: 'user' }, { type: 'mount' }],
      uidMappings: MAPS,
      gidMappings: MAPS,
    } as const;
    expect(made(linux(user), ROOTLESS).cgroup).toBeUndefined();
    expect(made(linux({ ...user, cgroupsPath: '/mine' }), ROOTLESS).cgroup).toBe('/sys/fs/cgroup/mine');
  });
});

describe('mounts over /proc', () => {
  const mounting = (mount: Mount) => () => made({ ...MINIMAL, mounts: [mount] });
  test.each([
    ['/proc', 'bind', '/srv'],
    ['/proc/', 'tmpfs', 'tmpfs'],
    ['/proc/self/attr', 'bind', '/srv'],
    ['/x/../proc/sys', 'bind', '/srv'],
    ['/proc/sys/kernel/core_pattern', 'bind', '/srv'],
  ])('%s as %s is refused', (destination, type, source) => {
    expect(mounting({ destination, type, source, options: type === 'bind' ? ['bind'] : [] })).toThrow(
      'it must stay the proc filesystem',
    );
  });
  test.each([
    ['/proc', 'proc', 'proc'],
    ['/proc/', 'proc', 'proc'],
    ['proc', 'proc', 'proc'],
    ['/proc', 'bind', '/proc'],
    ['/proc/meminfo', 'bind', '/var/lib/lxcfs/proc/meminfo'],
    ['/procfs', 'bind', '/srv'],
  ])('%s as %s is allowed', (destination, type, source) => {
    expect(mounting({ destination, type, source })).not.toThrow();
  });
});

describe('an idmapped source in the root, where an earlier mount is', () => {
  const earlier: Mount = { destination: '/a', type: 'tmpfs', source: 'tmpfs' };
  const mapped = (source: string): Mount => ({
    destination: '/b',
    type: 'bind',
    source,
    options: ['bind', 'idmap'],
    uidMappings: MAPS,
    gidMappings: MAPS,
  });
  const withMounts = (source: string, userns: boolean) => {
    const own = userns
      ? linux({ namespaces: [{ type: 'mount' }, { type: 'user' }], uidMappings: MAPS, gidMappings: MAPS })
      : MINIMAL;
    return made({ ...own, mounts: [earlier, mapped(source)] });
  };
  test('is refused in a user namespace, which may not map it and whose mounts the host does not see', () => {
    for (const source of ['/bundle/rootfs/a', '/bundle/rootfs/a/b', 'rootfs/a/../a/x'])
      expect(() => withMounts(source, true)).toThrow('it is what the mount on /a shows');
    for (const source of ['/bundle/rootfs/ab', '/srv/a', '/bundle/rootfs'])
      expect(() => withMounts(source, true)).not.toThrow();
  });
  test('is mapped when it is its turn, without one', () => {
    const { plan } = withMounts('/bundle/rootfs/a', false);
    expect(plan.steps.find(({ op }) => op === 'openTree')?.lane).toBe('container');
    expect(at(plan, 'openTree')).toBeGreaterThan(at(plan, 'mountFs'));
  });
});

describe('capabilities', () => {
  const spec = (names: string[]): Spec => ({
    ...MINIMAL,
    process: {
      cwd: '/',
      args: ['true'],
      capabilities: { bounding: names, effective: names, permitted: names },
    },
  });
  test('what this process lacks is left out, and said', () => {
    const host = {
      ...ROOT,
      capabilities: { effective: ROOT.capabilities.effective & ~(1n << 24n), last: 40 },
    };
    const { plan, warnings } = made(spec(['CAP_KILL', 'CAP_SYS_RESOURCE']), host);
    expect(argsOf(plan, 'capBounding')).toEqual([{ keep: 1n << 5n }]);
    expect(warnings).toEqual([
      'capabilities that tinyrun does not have itself are left out: CAP_SYS_RESOURCE',
    ]);
  });
  test('a new user namespace has them all', () => {
    const userns = {
      ...spec(['CAP_SYS_RESOURCE']),
      linux: {
        ...linux({}).linux,
        namespaces: [{ type: 'user' } as const],
        uidMappings: MAPS,
        gidMappings: MAPS,
      },
    };
    const { plan } = made(userns, ROOTLESS);
    expect(argsOf(plan, 'capBounding')).toEqual([{ keep: 1n << 24n }]);
  });
});

const labelled = { ...linux({ mountLabel: 'a:b:c' }), mounts: [{ destination: '/t', type: 'tmpfs' }] };

test.each([
  ['linux.intelRdt', linux({ intelRdt: {} }), 'UNSUPPORTED'],
  ['linux.mountLabel', labelled, 'UNSUPPORTED'],
  ['process.selinuxLabel', { ...MINIMAL, process: { cwd: '/', selinuxLabel: 'x' } }, 'UNSUPPORTED'],
  ['process.apparmorProfile', { ...MINIMAL, process: { cwd: '/', apparmorProfile: 'x' } }, 'UNSUPPORTED'],
])('%s is refused where the host lacks it', (_, spec, code) => {
  expect(() => made(spec)).toThrow(expect.objectContaining({ code }));
});

test('linux.mountLabel goes to filesystems that keep no labels', () => {
  const { plan } = made(labelled, { ...ROOT, selinux: true });
  const tmpfs = argsOf(plan, 'mountFs').find(({ target }) => target === '/t');
  expect(tmpfs?.options).toContain('context="a:b:c"');
});

test('a limit is raised while that is allowed, and lowered when nothing else is left to open', () => {
  const rlimits = [{ type: 'RLIMIT_NOFILE', soft: 5, hard: 4096 }];
  const { plan } = made({ ...MINIMAL, process: { cwd: '/', args: ['true'], rlimits } });
  expect(argsOf(plan, 'setRlimit')).toEqual([
    { resource: 7, soft: 4096n, hard: 4096n },
    { resource: 7, soft: 5n, hard: 4096n },
  ]);
  expect(at(plan, 'setRlimit')).toBeLessThan(at(plan, 'setUser'));
  expect(ops(plan).lastIndexOf('setRlimit')).toBeGreaterThan(at(plan, 'findExecutable'));
});

test('more binds across a user namespace than there are slots', () => {
  const mounts = Array.from({ length: 200 }, (_, i) => ({
    destination: `/m${i}`,
    type: 'bind',
    source: `/s${i}`,
  }));
  const spec = {
    ...linux({ namespaces: [{ type: 'mount' }, { type: 'user' }], uidMappings: MAPS, gidMappings: MAPS }),
    mounts,
  };
  const { plan } = made(spec);
  expect(argsOf(plan, 'bind').filter(({ target }) => target.startsWith('/m'))).toHaveLength(200);
  expect(argsOf(plan, 'openTree').length).toBeLessThan(64);
});

test('without privileges sources are opened in the container: open_tree(2) clones only there', () => {
  const spec: Spec = {
    ...linux({ namespaces: [{ type: 'mount' }, { type: 'user' }], uidMappings: MAPS, gidMappings: MAPS }),
    mounts: [{ destination: '/sys', type: 'none', source: '/sys', options: ['rbind'] }],
  };
  expect(argsOf(made(spec, ROOTLESS).plan, 'openTree')).toEqual([]);
  expect(argsOf(made(spec, ROOT).plan, 'openTree')).toHaveLength(1);
});

describe('execPlan', () => {
  const exec = (spec: Spec, process = {}, host = ROOT) =>
    execPlan(host, {
      spec,
      id: 'c1',
      first: { pid: 7, startTime: 99n },
      cgroup: '/sys/fs/cgroup/c1',
      process: { cwd: '/', args: ['true'], ...process },
    }).plan;

  test('joins what the container does not share, through one pidfd', () => {
    const plan = exec(defaultSpec());
    expect(argsOf(plan, 'pidfdOpen')).toEqual([{ pid: 7, startTime: 99n, slot: 0 }]);
    expect(argsOf(plan, 'setns')).toEqual([{ slot: 0, flags: 0x6e020000 }]);
    expect(ops(plan)).toEqual([
      'pidfdOpen',
      'open',
      'clone',
      'setns',
      'sessionKeyring',
      'chdir',
      'capBounding',
      'setUser',
      'capSet',
      'findExecutable',
      'closeFds',
      'fork',
      'setsid',
      'execve',
      'awaitExec',
    ]);
  });

  test('the user namespace comes last with privileges, first without', () => {
    const spec = linux({
      namespaces: [{ type: 'user' }, { type: 'mount' }, { type: 'network', path: '/n' }],
    });
    const flags = (host: HostFacts) => argsOf(exec(spec, {}, host), 'setns').map((args) => args.flags);
    expect(flags(ROOT)).toEqual([0x40020000, 0x10000000]);
    expect(flags(ROOTLESS)).toEqual([0x10000000, 0x40020000]);
  });

  test('a terminal is not bound onto /dev/console', () => {
    expect(argsOf(exec(linux({ namespaces: [] }), { terminal: true }), 'console')[0]?.flags).toBe(1);
  });

  test('its process is in the pid namespace last, and takes the terminal there', () => {
    const plan = exec(linux({ namespaces: [{ type: 'pid' }, { type: 'mount' }] }), { terminal: true });
    expect(ops(plan).slice(ops(plan).indexOf('closeFds'))).toEqual([
      'closeFds',
      'fork',
      'setsid',
      'console',
      'execve',
      'awaitExec',
    ]);
    expect(argsOf(plan, 'console').map(({ flags }) => flags)).toEqual([1 | 4, 8]);
  });

  test('without a mount namespace it enters the root of the first process', () => {
    const plan = exec(linux({ namespaces: [{ type: 'pid' }] }));
    expect(argsOf(plan, 'rootfsDirect')).toEqual([{ path: '/proc/7/root' }]);
    expect(at(plan, 'chroot')).toBeGreaterThan(at(plan, 'rootfsDirect'));
  });
});

test.each([
  ['0', '0100000000000000'],
  ['0-3,7', '8f00000000000000'],
  ['64', '00000000000000000100000000000000'],
])('bitMask %s', (list, hex) => {
  expect(Buffer.from(bitMask(list, 'field')).toString('hex')).toBe(hex);
});
test.each(['', 'x', '3-1', '99999', '1-'])('bitMask refuses %j', (list) => {
  expect(() => bitMask(list, 'field')).toThrow('is not a list of numbers');
});
