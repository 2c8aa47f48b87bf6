import { TinyrunError } from '../errors.ts';
import { expandSlice } from '../spec/slice.ts';
import { dict } from '../store/dict.ts';
import type { Connection } from './dbus/connection.ts';
import type { Variant } from './dbus/wire.ts';

// The systemd cgroup driver: the container's cgroup is a transient scope unit that systemd is asked for over D-Bus.
// linux.cgroupsPath is then "slice:prefix:name" (config-linux.md leaves the form to the driver; this is runc's).

export interface ScopeName {
  /** system.slice, user-1000.slice, … */
  readonly slice: string;
  /** prefix-name.scope. */
  readonly unit: string;
}

/** Without a path, the unit is `fallback`. @throws TinyrunError (SPEC_INVALID) when it has not three parts or names no slice. */
export function parseScope(cgroupsPath: string | undefined, rootless: boolean, fallback: string): ScopeName {
  const standard = rootless ? 'user.slice' : 'system.slice';
  if (cgroupsPath === undefined || cgroupsPath === '') return { slice: standard, unit: fallback };
  const parts = cgroupsPath.split(':');
  const [slice = '', prefix = '', name = ''] = parts;
  if (parts.length !== 3 || name === '' || (slice !== '' && !slice.endsWith('.slice'))) {
    throw new TinyrunError(
      'SPEC_INVALID',
      `expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got ${JSON.stringify(cgroupsPath)} instead`,
    );
  }
  const unit = name.endsWith('.slice') ? name : `${prefix === '' ? '' : `${prefix}-`}${name}.scope`;
  return { slice: slice || standard, unit };
}

/** Where the unit's cgroup lies below the cgroup2 root. */
export function scopePath({ slice, unit }: ScopeName): string {
  return `${expandSlice(slice)}/${unit}`;
}

const UNLIMITED = 0xffff_ffff_ffff_ffffn;

function amount(text: string): bigint {
  return text === 'max' ? UNLIMITED : BigInt(text);
}

/** `cpu.max`'s "quota period" as microseconds per second, in whole steps of 10 ms as systemd keeps it. */
function cpuQuota(text: string): [string, Variant][] {
  const [quota = 'max', period = '100000'] = text.split(' ');
  const properties: [string, Variant][] = [['CPUQuotaPeriodUSec', { signature: 't', value: BigInt(period) }]];
  const perSecond = quota === 'max' ? UNLIMITED : (BigInt(quota) * 1_000_000n) / BigInt(period);
  const rounded = perSecond === UNLIMITED ? perSecond : ((perSecond + 9_999n) / 10_000n) * 10_000n;
  return [['CPUQuotaPerSecUSec', { signature: 't', value: rounded }], ...properties];
}

/** A CPU list as systemd's bit mask of bytes. */
export function cpuMask(list: string): number[] {
  const bytes: number[] = [];
  for (const range of list.split(',').filter(Boolean)) {
    const [from = 0, to = from] = range.split('-').map(Number);
    for (let cpu = from; cpu <= to; cpu++) {
      while (bytes.length <= cpu >> 3) bytes.push(0);
      bytes[cpu >> 3] = (bytes[cpu >> 3] ?? 0) | (1 << (cpu & 7));
    }
  }
  return bytes;
}

const number =
  (name: string) =>
  (text: string): [string, Variant][] => [[name, { signature: 't', value: amount(text) }]];
const mask =
  (name: string) =>
  (text: string): [string, Variant][] => [[name, { signature: 'ay', value: cpuMask(text) }]];

/** cgroup v2 file → systemd.resource-control(5) property: systemd would put its own values back at a daemon-reload. */
const PROPERTY_OF: Readonly<Record<string, (text: string) => [string, Variant][]>> = dict({
  'memory.max': number('MemoryMax'),
  'memory.high': number('MemoryHigh'),
  'memory.low': number('MemoryLow'),
  'memory.swap.max': number('MemorySwapMax'),
  'cpu.weight': number('CPUWeight'),
  'cpu.max': cpuQuota,
  'cpuset.cpus': mask('AllowedCPUs'),
  'cpuset.mems': mask('AllowedMemoryNodes'),
  // systemd takes no 0; to a cgroup that has a process already both are the same, and the file is written, too
  'pids.max': (text) => number('TasksMax')(text === '0' ? '1' : text),
});

/** The values of cgroup files as unit properties; files that systemd has no property for are left to be written. */
export function unitProperties(files: Readonly<Record<string, string>>): [string, Variant][] {
  return Object.entries(files).flatMap(([file, value]) => PROPERTY_OF[file]?.(value) ?? []);
}

const SYSTEMD = {
  destination: 'org.freedesktop.systemd1',
  path: '/org/freedesktop/systemd1',
  interface: 'org.freedesktop.systemd1.Manager',
} as const;

/** The system's bus, or the user's own for a rootless container. */
export function busPath(rootless: boolean, env: NodeJS.ProcessEnv): string {
  const address = rootless ? env.DBUS_SESSION_BUS_ADDRESS : env.DBUS_SYSTEM_BUS_ADDRESS;
  const named = /(?:^|;)unix:path=([^,;]+)/.exec(address ?? '')?.[1];
  if (named !== undefined) return named;
  return rootless ? `${env.XDG_RUNTIME_DIR ?? '/run/user/0'}/bus` : '/run/dbus/system_bus_socket';
}

/** Runs one job of systemd's and waits for its end. */
async function runJob(
  bus: Connection,
  member: string,
  signature: string,
  body: readonly unknown[],
): Promise<string> {
  const results = new Map<string, string>();
  let wake = (): void => {};
  await bus.subscribe(`type='signal',interface='${SYSTEMD.interface}',member='JobRemoved'`, (message) => {
    if (message.member !== 'JobRemoved') return;
    results.set(String(message.body[1]), String(message.body[3]));
    wake();
  });
  await bus.call({ ...SYSTEMD, member: 'Subscribe' });
  const [job] = await bus.call({ ...SYSTEMD, member, signature, body });
  while (!results.has(String(job))) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  return results.get(String(job)) ?? '';
}

async function withBus<T>(rootless: boolean, use: (bus: Connection) => Promise<T>): Promise<T> {
  // node:net takes 7 ms to load: only where there is somebody to talk to.
  const { Connection } = await import('./dbus/connection.ts');
  const bus = await Connection.open(busPath(rootless, process.env));
  try {
    return await use(bus);
  } finally {
    bus.close();
  }
}

const GONE = /NoSuchUnit|not loaded/;

/** A scope that failed would keep its name. */
async function resetFailed(bus: Connection, unit: string): Promise<void> {
  await bus
    .call({ ...SYSTEMD, member: 'ResetFailedUnit', signature: 's', body: [unit] })
    .catch((error: Error) => {
      if (!GONE.test(error.message)) throw error;
    });
}

export interface ScopeRequest extends ScopeName {
  readonly id: string;
  /** Put into the scope, as the host sees it. */
  readonly pid: number;
  readonly properties: readonly [string, Variant][];
  readonly rootless: boolean;
}

/** Makes the container's scope with its first process inside. @throws TinyrunError (DBUS) */
export function startScope(request: ScopeRequest): Promise<void> {
  const text = (value: string): Variant => ({ signature: 's', value });
  const yes: Variant = { signature: 'b', value: true };
  const properties: [string, Variant][] = [
    ['Description', text(`container ${request.id}`)],
    ['Slice', text(request.slice)],
    ['Delegate', yes],
    ['PIDs', { signature: 'au', value: [request.pid] }],
    ['MemoryAccounting', yes],
    ['CPUAccounting', yes],
    ['IOAccounting', yes],
    ['TasksAccounting', yes],
    ['DefaultDependencies', { signature: 'b', value: false }],
    ...request.properties,
  ];
  return withBus(request.rootless, async (bus) => {
    const result = await runJob(bus, 'StartTransientUnit', 'ssa(sv)a(sa(sv))', [
      request.unit,
      'replace',
      properties,
      [],
    ]);
    if (result === 'done') return;
    await resetFailed(bus, request.unit);
    throw new TinyrunError('DBUS', `start unit ${request.unit}: systemd says ${result}`);
  });
}

/** Ends the scope; one that is gone already is no error. */
export function stopScope(unit: string, rootless: boolean): Promise<void> {
  return withBus(rootless, async (bus) => {
    try {
      await runJob(bus, 'StopUnit', 'ss', [unit, 'replace']);
    } catch (error) {
      if (!GONE.test((error as Error).message)) throw error;
    }
    await resetFailed(bus, unit);
  });
}

/** Changes a scope's limits until it ends (`runtime`: not written to disk). */
export function setScopeProperties(
  unit: string,
  properties: readonly [string, Variant][],
  rootless: boolean,
): Promise<void> {
  return withBus(rootless, async (bus) => {
    await bus.call({
      ...SYSTEMD,
      member: 'SetUnitProperties',
      signature: 'sba(sv)',
      body: [unit, true, properties],
    });
  });
}
