import { readdirSync, statSync } from 'node:fs';
import { S_IFBLK, S_IFCHR, S_IFMT } from '../../native/fcntl.ts';
import type { LinuxDevice, LinuxDeviceCgroup } from '../../spec/types.ts';
import { join } from '../../store/join.ts';
import { ConfigError } from './error.ts';
import type { DeviceConfig } from './types.ts';

export interface DeviceGrant {
  readonly devices: readonly LinuxDevice[];
  readonly rules: readonly LinuxDeviceCgroup[];
}

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

/** What is asked for by name; a directory stands for the devices in it. @throws ConfigError */
export function grantOf({ host, path = host, access = 'rwm' }: DeviceConfig, field: string): DeviceGrant {
  if (!host.startsWith('/') || !path.startsWith('/')) throw new ConfigError(field, 'not absolute paths');
  if (!isAccess(access))
    throw new ConfigError(`${field}.access`, `bad access ${JSON.stringify(access)}: letters of rwm`);
  const devices = devicesAt(host, path);
  if (devices.length === 0) throw new ConfigError(`${field}.host`, `${host} is no device on this host`);
  return { devices, rules: devices.map((device) => ruleOf(device, access)) };
}

export const isAccess = (text: string): boolean =>
  /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;

/** With `privileged` every device of the host, those asked for in their places. */
export function devicesOf(devices: readonly DeviceConfig[], privileged: boolean): DeviceGrant {
  const grants = devices.map((device, index) => grantOf(device, `devices[${index}]`));
  const asked = grants.flatMap((grant) => grant.devices);
  const all = privileged ? hostDevices() : [];
  return {
    devices: [...all.filter(({ path }) => !asked.some((other) => other.path === path)), ...asked],
    rules: grants.flatMap((grant) => grant.rules),
  };
}

const RULE = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/;

/** Rules in the form of cgroup v1's devices.allow. @throws ConfigError in Docker's words */
export function deviceRulesOf(rules: readonly string[]): LinuxDeviceCgroup[] {
  return rules.map((text, index) => {
    const [, type, major, minor, access] = RULE.exec(text) ?? [];
    if (type === undefined || major === undefined || minor === undefined || access === undefined)
      throw new ConfigError(`deviceRules[${index}]`, `invalid device cgroup format '${text}'`, {
        hint: 'as in c 189:* rwm: type, major:minor, access',
      });
    return {
      allow: true,
      type: type as 'a' | 'b' | 'c',
      ...(major === '*' ? {} : { major: Number(major) }),
      ...(minor === '*' ? {} : { minor: Number(minor) }),
      access,
    };
  });
}

function devicesAt(host: string, target: string): LinuxDevice[] {
  const stat = statSync(host, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return [deviceAt(host, target) ?? []].flat();
  return readdirSync(host).flatMap((name) => deviceAt(join(host, name), join(target, name)) ?? []);
}

function ruleOf({ type, major, minor }: LinuxDevice, access: string): LinuxDeviceCgroup {
  return { allow: true, type: type === 'b' ? 'b' : 'c', major: major ?? 0, minor: minor ?? 0, access };
}

/** What a privileged container sees of the host's /dev: every device but terminals and what the container mounts itself. */
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
