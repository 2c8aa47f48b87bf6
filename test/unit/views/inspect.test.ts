import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compileTemplate } from '../../../src/cli/output/template.ts';
import { commandOf } from '../../../src/engine/config/command.ts';
import { mountsOf } from '../../../src/engine/config/mounts.ts';
import { containerPaths } from '../../../src/engine/layout.ts';
import type { ContainerView } from '../../../src/engine/record.ts';
import { fromVersion1 } from '../../../src/engine/record-v1.ts';
import type { StateFile } from '../../../src/runtime/state.ts';
import { describeContainer } from '../../../src/views/inspect.ts';
import { configOf } from '../cli/flags/support.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Table = { readonly [key: string]: Json };

/** Of containers made with the flags below: dockerd 20.10.24, paths as they are by default. */
const RECORDED = JSON.parse(
  readFileSync(join(import.meta.dirname, 'docker-inspect.json'), 'utf8'),
) as readonly Table[];

const IMAGE = { Env: ['SHELL=/bin/sh'], Cmd: ['sleep', '100'], WorkingDir: '/tmp', Labels: { by: 'image' } };
const ROOTS = { dataRoot: '/data', runRoot: '/run' };
const CREATED = '2026-01-02T03:04:05.000Z';
const FINISHED = '2026-01-02T03:04:06.000Z';

const RICH =
  '-h h1 --domainname d -u 0:0 -w /etc -e A=b -e GONE -l l=1 -t -i --init --read-only --stop-signal INT ' +
  '-v /srv:/data:ro,rslave -v /srv:/data2 ' +
  '--mount type=bind,source=/etc,target=/e,readonly,bind-propagation=private,bind-nonrecursive ' +
  '--tmpfs /t:size=1m --shm-size 1m --device /dev/null:/dev/n:r --memory 64m --memory-reservation 32m ' +
  '--cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 --pids-limit 50 --ulimit nofile=10:20 --oom-score-adj 10 ' +
  '--sysctl net.ipv4.ip_forward=1 --pid host --ipc none --dns 1.1.1.1 --dns-search x.y --dns-option ndots:2 ' +
  '--add-host a:1.2.3.4 --cap-add NET_ADMIN --cap-drop MKNOD --security-opt no-new-privileges ' +
  '--security-opt seccomp=unconfined --security-opt label=disable --group-add 5 --network none ' +
  '--entrypoint /bin/sh';

const other = (RECORDED[0]?.Id ?? '') as string;
const CONTAINERS: readonly [name: string, flags: string, args: readonly string[]][] = [
  ['plain', '--network none --cgroupns host', ['sleep', '200']],
  ['rich', `${RICH} --cgroupns host`, ['-c', 'sleep 100']],
  ['ended', '--network host --cgroupns host', ['sh', '-c', 'exit 3']],
  // the label is what docker adds by itself where there is no SELinux
  [
    'privileged',
    `--security-opt label=disable --privileged --uts host --rm --network container:${other} --cgroupns host`,
    [],
  ],
];

function viewOf(name: string, flags: string, args: readonly string[], docker: Table): ContainerView {
  const config = configOf(flags.split(' '), 'busybox:1', args);
  const { Status } = docker.State as { Status: ContainerView['status'] };
  return {
    status: Status,
    ...(Status === 'running' && { state: { pid: 42 } as StateFile }),
    record: {
      version: 2,
      id: docker.Id as string,
      name,
      created: CREATED,
      config,
      image: { id: docker.Image as string, layers: ['/data/layers/l/a'] },
      argv: commandOf(config, IMAGE),
      hostname: (docker.Config as Table).Hostname as string,
      labels: { ...IMAGE.Labels, ...config.labels },
      stopSignal: config.stop?.signal ?? 15,
      mounts: mountsOf(config.mounts ?? []).flatMap(({ type, source = '', destination, options = [] }) =>
        type === 'bind' ? [{ source, destination, options }] : [],
      ),
      ...(Status === 'exited' && { exit: { code: 3, finished: FINISHED, oomKilled: false } }),
    },
  };
}
const surroundings = (view: ContainerView) => ({
  paths: containerPaths(ROOTS, view.record.id),
  rootfs: '/data/rootfs',
  image: IMAGE,
});
const describeAs = (view: ContainerView): Table =>
  JSON.parse(
    JSON.stringify(describeContainer(view, { ...surroundings(view), sizes: { own: 1, virtual: 2 } })),
  );

/** Names and JSON types, in their order. */
function treeOf(value: Json, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [`${at} ${value === null ? 'null' : typeof value}`];
  if (Array.isArray(value)) return [`${at} []`, ...value.flatMap((one) => treeOf(one, `${at}[]`))];
  return [`${at} {}`, ...Object.entries(value).flatMap(([key, one]) => treeOf(one, `${at}.${key}`))];
}

/** Where docker of today differs from the one recorded, or its user from ours. */
const OTHERWISE =
  // KernelMemory: gone since API 1.42, the kernel's limit since Linux 5.4. ConsoleSize has moved up since API 1.42.
  // Masked paths: a list of our own, longer than that of 2023.
  /^\.HostConfig\.(KernelMemory(TCP)?|ConsoleSize(\[\])?|MaskedPaths\[\]) /;
const compared = (value: Json) => treeOf(value).filter((line) => !OTHERWISE.test(line));

/** Values that differ for a reason; all others of HostConfig, Config and Mounts are docker's. */
const OWN: Readonly<Record<string, Table>> = {
  HostConfig: {
    LogConfig: { Type: 'none', Config: {} }, // no output is kept
    Runtime: 'tinyrunc',
  },
  // who is attached to it is no property of a container here
  Config: { AttachStdout: false, AttachStderr: false },
};
const valuesOf = (container: Table) => {
  const { KernelMemory, KernelMemoryTCP, MaskedPaths, ...host } = container.HostConfig as Table;
  const { StopSignal, ...config } = container.Config as Table;
  return {
    HostConfig: { ...host, ...OWN.HostConfig },
    Config: {
      ...config,
      ...OWN.Config,
      ...(StopSignal && { StopSignal: `${StopSignal}`.replace('SIG', '') }),
    },
    Mounts: container.Mounts,
  };
};

describe.each(CONTAINERS.map((container, index) => [...container, RECORDED[index] ?? {}] as const))(
  'inspect of %s',
  (name, flags, args, docker) => {
    const ours = describeAs(viewOf(name, flags, args, docker));
    test('has docker’s names and types, in its order', () =>
      expect(compared(ours)).toEqual(compared(docker)));
    test('has docker’s values of what was asked for', () => expect(valuesOf(ours)).toEqual(valuesOf(docker)));
  },
);

const PLAIN = viewOf(...(CONTAINERS[0] as (typeof CONTAINERS)[0]), RECORDED[0] ?? {});

test('what this host knows of it', () => {
  const { id } = PLAIN.record;
  expect(describeAs(PLAIN)).toMatchObject({
    Id: id,
    Created: CREATED,
    Path: 'sleep',
    Args: ['200'],
    Name: '/plain',
    HostsPath: `/data/containers/${id}/hosts`,
    SizeRw: 1,
    SizeRootFs: 2,
    GraphDriver: {
      Data: {
        LowerDir: '/data/layers/l/a',
        MergedDir: '/data/rootfs',
        UpperDir: `/data/containers/${id}/upper`,
        WorkDir: `/data/containers/${id}/work`,
      },
    },
  });
  expect(Object.keys(describeContainer(PLAIN, surroundings(PLAIN)))).not.toContain('SizeRw');
});

const NEVER = '0001-01-01T00:00:00Z';
const { exit: _, ...record } = PLAIN.record;
const ended = { ...record, exit: { code: 137, finished: FINISHED, oomKilled: true, note: 'killed' } };
test.each<[string, ContainerView, object]>([
  ['created', { record, status: 'created' }, { Running: false, Pid: 0, StartedAt: NEVER, FinishedAt: NEVER }],
  ['running', PLAIN, { Running: true, Pid: 42, StartedAt: CREATED, FinishedAt: NEVER }],
  ['paused', { ...PLAIN, status: 'paused' }, { Running: true, Paused: true, Pid: 42 }],
  ['exited', { ...PLAIN, status: 'exited' }, { Running: false, Pid: 0, ExitCode: 0 }],
  [
    'dead',
    { record: ended, status: 'dead' },
    { Dead: true, OOMKilled: true, ExitCode: 137, Error: 'killed', StartedAt: CREATED, FinishedAt: FINISHED },
  ],
])('state of one that is %s', (status, view, state) =>
  expect(describeAs(view).State).toMatchObject({ Status: status, ...state }),
);

test('when it started: as its monitor saw it, or its process came to be; else as it was made', () => {
  const SEEN = '2026-01-02T03:04:05.500Z';
  const startOf = (view: ContainerView, started?: string) =>
    describeContainer(view, { ...surroundings(view), started }).State.StartedAt;
  expect(startOf(PLAIN, SEEN)).toBe(SEEN);
  expect(startOf({ record, status: 'created' }, SEEN)).toBe(NEVER);
  const seen = { ...record, exit: { ...ended.exit, started: SEEN } };
  expect(startOf({ record: seen, status: 'exited' })).toBe(SEEN);
  expect(startOf({ record: ended, status: 'exited' })).toBe(CREATED);
});

test('the profile that AppArmor has it under, asked for or not', () => {
  const profileOf = (changed: Partial<ContainerView['record']>) => {
    const view = { ...PLAIN, record: { ...PLAIN.record, ...changed } };
    return describeContainer(view, surroundings(view)).AppArmorProfile;
  };
  expect(profileOf({})).toBe('');
  expect(profileOf({ apparmor: 'tinyrun-default' })).toBe('tinyrun-default');
  expect(profileOf({ config: { image: 'busybox', security: { apparmor: 'unconfined' } } })).toBe(
    'unconfined',
  );
});

test('of a record of version 1, and without its image: nothing is guessed', () => {
  const old = fromVersion1({
    version: 1,
    id: 'a'.repeat(64),
    name: 'old',
    created: CREATED,
    image: 'busybox',
    imageId: 'sha256:aaa',
    args: ['sh', '-c', 'true'],
    hostname: 'h',
    labels: {},
    tty: true,
    rm: false,
    stopSignal: 'SIGTERM',
    layers: [],
    mounts: [{ source: '/x', destination: '/y' }],
  });
  const view: ContainerView = { record: old, status: 'created' };
  expect(describeContainer(view, { ...surroundings(view), image: undefined })).toMatchObject({
    Mounts: [{ Type: 'bind', Source: '/x', Destination: '/y', Mode: '', RW: false, Propagation: '' }],
    HostConfig: { NetworkMode: '', Binds: null },
    Config: { Tty: true, Cmd: ['sh', '-c', 'true'], Entrypoint: null, Env: null, Labels: {} },
    NetworkSettings: { Networks: {} },
  });
});

test('what the image has goes where docker merges it: below one’s own', () => {
  const image = {
    Env: ['A=image', 'B=image'],
    Entrypoint: ['sleep'],
    User: 'nobody',
    Volumes: { '/v': {} },
    ExposedPorts: { '80/tcp': {} },
    StopSignal: 'SIGQUIT',
  };
  const config = { image: 'busybox:1', args: ['200'], env: ['A=own'] };
  const view = { ...PLAIN, record: { ...PLAIN.record, config, stopSignal: 3 } };
  expect(describeContainer(view, { ...surroundings(view), image }).Config).toMatchObject({
    Env: ['A=own', 'B=image'],
    Cmd: ['200'],
    Entrypoint: ['sleep'],
    User: 'nobody',
    Volumes: { '/v': {} },
    ExposedPorts: { '80/tcp': {} },
    StopSignal: 'SIGQUIT',
  });
});

test('the state of one that was made, started again, could not be', () => {
  const failure = { code: 127, message: 'not found' };
  const exit = {
    code: 3,
    started: '2026-01-02T03:05:05.000Z',
    finished: '2026-01-02T03:06:05.000Z',
    oomKilled: false,
  };
  const stateOf = (record: Partial<ContainerView['record']>, status: ContainerView['status']) => {
    const view = { record: { ...PLAIN.record, ...record }, status };
    return describeContainer(view, surroundings(view)).State;
  };
  const never = '0001-01-01T00:00:00Z';
  expect(stateOf({ wanted: 'stopped', failure }, 'created')).toMatchObject({
    ...{ Status: 'created', ExitCode: 127, Error: 'not found', StartedAt: never, FinishedAt: never },
  });
  expect(stateOf({ wanted: 'running', started: '2026-01-02T03:07:05.000Z' }, 'running')).toMatchObject({
    ...{ ExitCode: 0, Error: '', StartedAt: '2026-01-02T03:07:05.000Z', FinishedAt: never },
  });
  expect(stateOf({ exit, failure }, 'exited')).toMatchObject({
    ...{ ExitCode: 127, Error: 'not found', StartedAt: exit.started, FinishedAt: exit.finished },
  });
});

test('the grace of a stop is told where it was asked for', () => {
  const configOf = (stop: ContainerView['record']['config']['stop']) => {
    const view = { ...PLAIN, record: { ...PLAIN.record, config: { ...PLAIN.record.config, stop } } };
    return describeContainer(view, surroundings(view)).Config;
  };
  expect(Object.keys(configOf({ signal: 2 }))).not.toContain('StopTimeout');
  expect(configOf({ graceMs: 7000 })).toMatchObject({ StopTimeout: 7 });
  expect(configOf({ graceMs: 0 })).toMatchObject({ StopTimeout: 0 });
  expect(configOf({ graceMs: -1 })).toMatchObject({ StopTimeout: -1 });
});

test('mounts that -v has no words for are those of --mount', () => {
  const mounts = [
    { kind: 'bind', source: '/a', target: '/b', createSource: true, recursive: false },
    { kind: 'bind', source: '/a', target: '/c', readOnly: true, readOnlyBelow: false },
  ] as const;
  const view = { ...PLAIN, record: { ...PLAIN.record, config: { image: 'x', mounts } } };
  expect(describeContainer(view, surroundings(view)).HostConfig).toMatchObject({
    Binds: null,
    Mounts: [
      {
        Type: 'bind',
        Source: '/a',
        Target: '/b',
        BindOptions: { NonRecursive: true, CreateMountpoint: true },
      },
      {
        Type: 'bind',
        Source: '/a',
        Target: '/c',
        ReadOnly: true,
        BindOptions: { ReadOnlyNonRecursive: true },
      },
    ],
  });
});

test('what Docker leaves out of its JSON a template finds: empty', () => {
  const described = describeContainer(PLAIN, surroundings(PLAIN));
  const shown = compileTemplate(
    '{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.SizeRw}} {{.HostConfig.Sysctls}}',
  );
  expect(shown(described)).toBe('none <nil> map[]');
  expect(JSON.stringify(described)).not.toMatch(/Health|SizeRw|Sysctls/);
});
