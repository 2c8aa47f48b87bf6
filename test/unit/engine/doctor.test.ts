import { describe, expect, it } from 'vitest';
import { render } from '../../../src/cli/commands/doctor.ts';
import { canRun, examine, type Finding } from '../../../src/engine/doctor/checks.ts';
import type { DoctorFacts } from '../../../src/engine/doctor/facts.ts';
import { countSubordinateIds, findProgram, gatherFacts } from '../../../src/engine/doctor/gather.ts';
import { CAPABILITIES } from '../../../src/spec/linux.ts';

const works = { works: true } as const;
const failed = (why: string) => ({ works: false, why }) as const;

const HEALTHY: DoctorFacts = {
  node: '20.20.2',
  platform: 'linux',
  arch: 'x64',
  addon: works,
  kernel: { release: '6.18.0', major: 6, minor: 18 },
  uid: 0,
  user: 'root',
  inUserns: false,
  capabilities: CAPABILITIES,
  namespaces: ['pid', 'net', 'mnt', 'ipc', 'uts', 'user', 'cgroup', 'time'],
  openat2: works,
  pidfd: works,
  mountApi: works,
  overlay: works,
  lowerdirPlus: true,
  dataRoot: '/var/lib/tinyrun',
  seccompActions: ['kill_process', 'errno', 'user_notif', 'allow'],
  cgroup: {
    mode: 'v2',
    unifiedRoot: '/sys/fs/cgroup',
    controllers: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'],
    v1: {},
    own: '/',
  },
  maxUserNamespaces: 1000,
  unprivilegedUserns: true,
  subuids: 65536,
  subgids: 65536,
  newuidmap: true,
  newgidmap: true,
  nft: '/usr/sbin/nft',
  nfTables: works,
  apparmor: false,
  apparmorParser: false,
  selinux: false,
  grub: true,
  packageManager: 'apt-get',
  surroundings: { container: false, userns: false },
  container: works,
};

const IN_CONTAINER = { surroundings: { container: true, userns: false } };
const NOT_ROOT = failed('Operation not permitted (you must be root)');

const find = (id: string, over: Partial<DoctorFacts>): Finding => {
  const finding = examine({ ...HEALTHY, ...over }).find((each) => each.id === id);
  if (!finding) throw new Error(`no check ${id}`);
  return finding;
};
const cgroup = (over: object) => ({ cgroup: { ...HEALTHY.cgroup, ...over } });
const without = (key: keyof DoctorFacts): DoctorFacts => {
  const { [key]: _gone, ...rest } = HEALTHY;
  return rest as DoctorFacts;
};

describe('examine', () => {
  it('finds nothing wrong with a healthy host', () => {
    const findings = examine(HEALTHY);
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(canRun(findings)).toBe(true);
  });

  it.each<[string, Partial<DoctorFacts>, string, RegExp]>([
    ['node', { node: '18.1.0' }, 'fail', /Node.js 20/],
    ['node', { platform: 'darwin' }, 'fail', /Linux/],
    ['addon', { addon: failed('not there') }, 'fail', /npm run build/],
    ['kernel', { kernel: { release: '5.4.0', major: 5, minor: 4 } }, 'fail', /5\.12/],
    ['root', { uid: 1000, capabilities: [] }, 'fail', /sudo/],
    ['capabilities', { capabilities: CAPABILITIES.filter((c) => c !== 'CAP_MKNOD') }, 'warn', /CAP_MKNOD/],
    [
      'capabilities',
      { capabilities: CAPABILITIES.filter((c) => c !== 'CAP_SYS_RESOURCE') },
      'warn',
      /SYS_RESOURCE/,
    ],
    ['syscalls', { mountApi: failed('EPERM: fsopen') }, 'fail', /sandbox/],
    ['syscalls', { openat2: failed('ENOSYS: openat2') }, 'fail', /boot Linux/],
    ['namespaces', { namespaces: ['pid'] }, 'fail', /CONFIG_/],
    ['namespaces', { namespaces: HEALTHY.namespaces.filter((n) => n !== 'time') }, 'warn', /CONFIG_/],
    ['user-namespaces', { maxUserNamespaces: 0 }, 'warn', /^sysctl -w user.max_user_namespaces=/],
    ['user-namespaces', { unprivilegedUserns: false }, 'warn', /^sysctl -w/],
    ['subordinate-ids', { uid: 1000, newuidmap: false }, 'warn', /^apt-get install -y uidmap$/],
    ['subordinate-ids', { uid: 1000, user: 'ada', subuids: 0 }, 'warn', /^sudo usermod .* ada$/],
    [
      'subordinate-ids',
      { uid: 1000, newgidmap: false, packageManager: 'dnf' },
      'warn',
      /^dnf install -y shadow-utils$/,
    ],
    ['cgroups', cgroup({ mode: 'none', controllers: [] }), 'warn', /^mount -t cgroup2/],
    ['cgroups', cgroup({ mode: 'v1', controllers: [], v1: { memory: '/x' } }), 'warn', /cgroup_no_v1=all/],
    [
      'cgroups',
      cgroup({ mode: 'hybrid', controllers: [], v1: { memory: '/x' } }),
      'warn',
      /cgroup_no_v1=all/,
    ],
    ['cgroups', { ...cgroup({ mode: 'v1' }), grub: false }, 'warn', /^boot with .*cgroup_no_v1=all/],
    ['cgroups', cgroup({ controllers: ['cpu', 'memory', 'cpuset', 'io'] }), 'warn', /cgroup_disable=/],
    [
      'cgroups',
      { ...cgroup({ controllers: [] }), ...IN_CONTAINER },
      'warn',
      /the controllers that its host gives it/,
    ],
    ['root', { capabilities: [] }, 'fail', /--privileged/],
    ['overlayfs', { overlay: failed('ENODEV: fsopen') }, 'fail', /^modprobe overlay$/],
    ['overlayfs', { overlay: failed('EINVAL: fsconfig') }, 'fail', /--data-root/],
    ['seccomp', { seccompActions: [] }, 'fail', /CONFIG_SECCOMP_FILTER/],
    ['nftables', { nfTables: failed('Operation not supported') }, 'warn', /^modprobe nf_tables$/],
    ['nftables', { nfTables: NOT_ROOT }, 'warn', /unshare --net/],
    ['nftables', { nfTables: NOT_ROOT, ...IN_CONTAINER }, 'warn', /NET_ADMIN/],
    ['container', { container: { ...failed('pivot root: EINVAL'), remedy: 'do this' } }, 'fail', /^do this$/],
    ['security-modules', { apparmor: true }, 'warn', /^apt-get install -y apparmor$/],
  ])('%s: %# names what is wrong and the remedy', (id, over, status, remedy) => {
    const finding = find(id, over);
    expect(finding.status).toBe(status);
    expect(finding.remedy).toMatch(remedy);
    expect(finding.detail).not.toMatch(/undefined|\.$/);
  });

  it('does not guess what it could not try', () => {
    const untried = (over: Partial<DoctorFacts>) =>
      examine({ ...HEALTHY, ...over })
        .filter(({ detail }) => detail.startsWith('not tried'))
        .map(({ id }) => id);
    expect(untried({ addon: failed('x') })).toEqual(['syscalls', 'cgroups', 'overlayfs', 'container']);
    expect(untried({ uid: 1000, capabilities: [] })).toEqual([
      'capabilities',
      'syscalls',
      'overlayfs',
      'nftables',
      'container',
    ]);
  });

  it('asks for nft, and for user namespaces, where they are missing', () => {
    const lacks = (key: keyof DoctorFacts, id: string) =>
      examine(without(key)).find((each) => each.id === id);
    expect(lacks('nft', 'nftables')?.remedy).toBe('apt-get install -y nftables');
    expect(lacks('maxUserNamespaces', 'user-namespaces')?.status).toBe('warn');
    expect(
      examine({ ...without('packageManager'), uid: 1, newuidmap: false }).map((f) => f.remedy),
    ).toContain('install the package uidmap');
  });

  it('says which flags a hybrid host lacks', () => {
    const v1 = { memory: '/sys/fs/cgroup/memory', pids: '/sys/fs/cgroup/pids' };
    const { detail } = find('cgroups', cgroup({ mode: 'hybrid', controllers: ['cpu', 'cpuset', 'io'], v1 }));
    expect(detail).toBe('hybrid: memory pids are on v1, so --memory --pids-limit cannot work');
  });
});

describe('render', () => {
  it('marks each finding, puts the remedy below', () => {
    const findings: Finding[] = [
      { id: 'kernel', status: 'ok', detail: '6.18' },
      { id: 'overlayfs', status: 'fail', detail: 'not in this kernel', remedy: 'modprobe overlay' },
    ];
    expect(render(findings)).toBe(
      '✔ kernel     6.18\n✗ overlayfs  not in this kernel\n             → modprobe overlay\n\n' +
        'tinyrun run cannot work here: mend the 1 marked ✗\n',
    );
  });
});

describe('gatherFacts', () => {
  it('answers on any host', async () => {
    const facts = await gatherFacts('/var/lib/tinyrun');
    expect(facts.kernel.major).toBeGreaterThan(3);
    expect(facts.namespaces).toContain('pid');
    expect(examine(facts)).toHaveLength(15);
  });

  it('counts subordinate ids by name and by number', () => {
    const text = 'ada:100000:65536\n1000:300000:10\nbob:1:5\nada:x\n';
    expect(countSubordinateIds(text, 'ada', 1000)).toBe(65546);
  });

  it('finds programs by absolute directories only', () => {
    expect(findProgram('sh', 'relative:/bin')).toMatch(/\/sh$/);
    expect(findProgram('no-such-program-at-all')).toBeUndefined();
  });
});
