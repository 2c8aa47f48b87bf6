import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TinyrunError } from '../../errors.ts';
import { S_IFBLK, S_IFCHR, S_IFMT } from '../../spec/linux.ts';
import type { LinuxDevice, LinuxDeviceCgroup } from '../../spec/types.ts';

export interface DeviceGrant {
  readonly devices: readonly LinuxDevice[];
  readonly rules: readonly LinuxDeviceCgroup[];
}

const fail = (text: string, problem: string) =>
  new TinyrunError('USAGE', `--device ${JSON.stringify(text)}: ${problem}`);

function typeOf(mode: number): 'b' | 'c' | undefined {
  if ((mode & S_IFMT) === S_IFBLK) return 'b';
  return (mode & S_IFMT) === S_IFCHR ? 'c' : undefined;
}

/** glibc's encoding of dev_t, as stat(2) hands it over. */
export const majorOf = (rdev: number): number =>
  Number(((BigInt(rdev) >> 8n) & 0xfffn) | ((BigInt(rdev) >> 32n) & ~0xfffn));
export const minorOf = (rdev: number): number =>
  Number((BigInt(rdev) & 0xffn) | ((BigInt(rdev) >> 12n) & ~0xffn));

/** A device node of the host as the spec writes it; undefined when the path is no device. */
export function deviceAt(hostPath: string, containerPath: string): LinuxDevice | undefined {
  const stat = statSync(hostPath, { throwIfNoEntry: false });
  const type = stat && typeOf(stat.mode);
  if (!stat || !type) return undefined;
  return {
    path: containerPath,
    type,
    major: majorOf(stat.rdev),
    minor: minorOf(stat.rdev),
    fileMode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
  };
}

/** `HOST[:CONTAINER[:rwm]]`; a directory stands for the devices in it. */
export function parseDevice(text: string): DeviceGrant {
  const parts = text.split(':');
  const host = parts[0] ?? '';
  const second = parts[1] ?? '';
  const onlyMode = parts.length === 2 && isMode(second);
  const target = onlyMode || parts.length === 1 ? host : second;
  const access = onlyMode ? second : (parts[2] ?? 'rwm');
  if (parts.length > 3 || !host.startsWith('/') || !target.startsWith('/'))
    throw fail(text, 'not HOST[:CONTAINER[:rwm]] with absolute paths');
  if (!isMode(access)) throw fail(text, `bad access ${JSON.stringify(access)}: letters of rwm`);
  const devices = devicesAt(host, target);
  if (devices.length === 0) throw fail(text, `${host} is no device on this host`);
  return { devices, rules: devices.map((device) => ruleOf(device, access)) };
}

const isMode = (text: string) => /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;

function devicesAt(host: string, target: string): LinuxDevice[] {
  const stat = statSync(host, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return [deviceAt(host, target) ?? []].flat();
  return readdirSync(host).flatMap((name) => deviceAt(join(host, name), join(target, name)) ?? []);
}

function ruleOf({ type, major, minor }: LinuxDevice, access: string): LinuxDeviceCgroup {
  return { allow: true, type: type === 'b' ? 'b' : 'c', major: major ?? 0, minor: minor ?? 0, access };
}

/** What --privileged shows of the host's /dev: every device but terminals and what the container mounts itself. */
export function hostDevices(
  directory = '/dev',
  skip: readonly string[] = ['pts', 'shm', 'fd', 'mqueue', 'console', 'ptmx'],
): LinuxDevice[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (directory === '/dev' && (skip.includes(entry.name) || /^tty/.test(entry.name))) return [];
    if (entry.isDirectory()) return hostDevices(path, []);
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return [];
    return deviceAt(path, path) ?? [];
  });
}
