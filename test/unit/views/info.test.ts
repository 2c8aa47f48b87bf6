import { expect, test } from 'vitest';
import { memoryOf, prettyName, type SystemInfo } from '../../../src/engine/info.ts';
import { infoDocument, infoText, versionDocument, versionText } from '../../../src/views/info.ts';
import { binarySize } from '../../../src/views/units.ts';

const INFO: SystemInfo = {
  containers: { running: 2, paused: 1, stopped: 3 },
  images: 4,
  roots: { dataRoot: '/var/lib/tinyrun', runRoot: '/run/tinyrun' },
  backing: 'ext4',
  kernel: '6.1.0',
  system: 'Debian GNU/Linux 12 (bookworm)',
  architecture: 'x86_64',
  processors: 2,
  memory: 4 * 2 ** 30,
  host: 'box',
  controllers: ['cpu', 'memory'],
  cgroup: 'v2',
  apparmor: true,
};

test('info under Docker’s names, and as it prints them', () => {
  const document = infoDocument(INFO, '1.2.3');
  expect(document).toMatchObject({
    Containers: 6,
    ContainersRunning: 2,
    ContainersPaused: 1,
    ContainersStopped: 3,
    Driver: 'overlay2',
    CgroupVersion: '2',
    CPUShares: true,
    PidsLimit: false,
    SecurityOptions: ['name=apparmor', 'name=seccomp,profile=builtin', 'name=cgroupns'],
    Warnings: ['WARNING: No cpuset support', 'WARNING: No pids limit support'],
  });
  const text = infoText(document);
  expect(text).toContain('\n Containers: 6\n  Running: 2\n  Paused: 1\n  Stopped: 3\n Images: 4\n');
  expect(text).toContain('\n Security Options:\n  apparmor\n  seccomp\n   Profile: builtin\n  cgroupns\n');
  expect(text).toContain('\n Total Memory: 4GiB\n');
  expect(infoDocument({ ...INFO, cgroup: 'v1', backing: undefined }, '1')).toMatchObject({
    CgroupVersion: '1',
    CgroupDriver: 'none',
    DriverStatus: [],
  });
});

test('version: members by the names of Docker’s types, JSON by those of its documents', () => {
  const build = {
    version: '1.2.3',
    commit: 'abc',
    node: 'v22',
    os: 'linux',
    architecture: 'amd64',
    kernel: '6',
  };
  const document = versionDocument(build);
  expect(document.Server).toMatchObject({ Version: '1.2.3', APIVersion: '1.50' });
  const json = JSON.parse(JSON.stringify(document));
  expect(json.Client).toMatchObject({ Version: '1.2.3', ApiVersion: '1.50', DefaultAPIVersion: '1.50' });
  expect(json.Server).not.toHaveProperty('APIVersion');
  expect(versionText(build)).toContain('Server:\n Engine:\n  Version:          1.2.3\n');
});

test.each([
  ['NAME=x\nPRETTY_NAME="Debian 12"\n', 'Debian 12'],
  ["PRETTY_NAME='One'", 'One'],
  ['PRETTY_NAME=Plain\n', 'Plain'],
  ['', 'Linux'],
])('os-release %j: %s', (text, name) => expect(prettyName(text)).toBe(name));

test('memory of the machine', () => {
  expect(memoryOf('MemTotal:       24000 kB\nMemFree: 1 kB\n')).toBe(24_576_000);
  expect(memoryOf('')).toBe(0);
});

test.each([
  [0, '0B'],
  [1023, '1023B'],
  [1024, '1KiB'],
  [1_241_513, '1.184MiB'],
  [25_000_000_000, '23.28GiB'],
])('%d bytes are %s', (bytes, text) => expect(binarySize(bytes)).toBe(text));
