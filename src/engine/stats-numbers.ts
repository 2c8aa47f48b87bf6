// What a container uses, from two looks at it, as docker stats counts. Pure.

/** One look at a running container. */
export interface Sample {
  /** Nanoseconds of processor, of it and of all that the machine has. */
  readonly cpu: number;
  readonly system: number;
  /** Bytes, less what the kernel would give back at once; undefined where no controller counts it. */
  readonly memory: number | undefined;
  readonly limit: number;
  readonly network: { readonly received: number; readonly sent: number };
  readonly block: { readonly read: number; readonly written: number };
  readonly pids: number;
}

export interface Usage extends Omit<Sample, 'cpu' | 'system'> {
  /** 100 is one processor. */
  readonly cpuPercent: number;
}

/** `processors`: how many share the machine's time. */
export function usageBetween(before: Sample, { cpu, system, ...now }: Sample, processors: number): Usage {
  const [used, passed] = [cpu - before.cpu, system - before.system];
  return { ...now, cpuPercent: used > 0 && passed > 0 ? (used / passed) * processors * 100 : 0 };
}

const TICK_NS = 10_000_000;

/** User, nice, system, idle, iowait, irq and softirq time of the `cpu` line of /proc/stat; proc_stat(5). */
export function systemTime(stat: string): number {
  const fields = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ') ?? [];
  return fields.slice(0, 7).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_NS;
}

/** memory.current without its inactive_file of memory.stat: page cache that nobody used lately. */
export function memoryInUse(current: number, stat: Readonly<Record<string, number>>): number {
  const cache = stat.inactive_file ?? 0;
  return cache < current ? current - cache : current;
}

/** io.stat: bytes of all devices. */
export function blockBytes(stat: string): Sample['block'] {
  const sum = (key: string): number =>
    [...stat.matchAll(new RegExp(`\\b${key}=(\\d+)`, 'g'))].reduce(
      (total, [, bytes]) => total + Number(bytes),
      0,
    );
  return { read: sum('rbytes'), written: sum('wbytes') };
}

/** /proc/PID/net/dev: bytes of all devices but the loopback; proc_pid_net(5). */
export function networkBytes(dev: string): Sample['network'] {
  const total = { received: 0, sent: 0 };
  for (const [, name, rest = ''] of dev.matchAll(/^\s*([^:\s]+):\s*(.*)$/gm)) {
    if (name === 'lo') continue;
    const fields = rest.split(/\s+/).map(Number);
    total.received += fields[0] ?? 0;
    total.sent += fields[8] ?? 0;
  }
  return total;
}
