import { resolve } from 'node:path';
import type { Command as Program } from 'commander';
import { collect } from '../options.ts';
import type { FlagGroup } from './group.ts';
import { parseDevice } from './parse/device.ts';
import { isOfVendor, parseGpus } from './parse/gpus.ts';
import { parseMount } from './parse/mount.ts';
import { parseSize } from './parse/number.ts';
import { parseTmpfs } from './parse/tmpfs.ts';
import { parseVolume } from './parse/volume.ts';

interface Flags {
  readonly volume?: readonly string[];
  readonly mount?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly volumesFrom?: readonly string[];
  readonly readOnly?: boolean;
  readonly shmSize?: string;
  readonly device?: readonly string[];
  readonly gpus?: readonly string[];
  readonly deviceCgroupRule?: readonly string[];
}

/** What docker's daemon says of --mount and its client does not. */
const MOUNT_CONFIG = ['--mount %q: invalid mount config for type "%k"', '--tmpfs %q'];

/** What it sees of files and devices. */
export const filesystemFlags: FlagGroup<Flags> = {
  define: (program: Program) =>
    void program
      .option(
        '-v, --volume <SOURCE:TARGET>',
        'a volume by name, or a path of the host; :ro after it for read-only',
        collect,
      )
      .option(
        '--mount <SPEC>',
        'type=bind, volume or image,source=…,target=…[,readonly] or type=tmpfs,target=…',
        collect,
      )
      .option(
        '--tmpfs <DIR>',
        'an empty file system in memory; options after a colon, as in :size=64m',
        collect,
      )
      .option(
        '--volumes-from <CONTAINER>',
        'what another container mounts; :ro after it for read-only',
        collect,
      )
      .option('--read-only', 'the root file system cannot be written')
      .option('--shm-size <SIZE>', 'size of /dev/shm (default 64m)')
      .option(
        '--device <PATH>',
        'a device of the host, as HOST:TARGET:rwm or less of it, or a vendor’s (CDI), as vendor.com/class=name',
        collect,
      )
      .option(
        '--gpus <GPUS>',
        'all, a number of them, or "device=0,1", by the specification of their vendor',
        collect,
      )
      .option('--device-cgroup-rule <RULE>', "devices it may make and open, as in 'c 189:* rwm'", collect),
  read: ({ volume = [], mount = [], tmpfs = [], device, shmSize, readOnly, volumesFrom, ...more }, host) => {
    const absolute = (path: string) => (path.startsWith('/') ? resolve(path) : resolve(host.cwd, path));
    return {
      mounts: [
        ...volume.map((text) => parseVolume(text, absolute)),
        ...mount.map((text) => parseMount(text, absolute)),
        ...tmpfs.map(parseTmpfs),
      ],
      devices: device?.filter((text) => !isOfVendor(text)).map(parseDevice),
      ...vendors([...(device ?? []).filter(isOfVendor), ...(more.gpus ?? []).flatMap(parseGpus)]),
      deviceRules: more.deviceCgroupRule,
      shmSize: shmSize === undefined ? undefined : parseSize(shmSize, '--shm-size'),
      readOnly,
      volumesFrom,
    };
  },
  names: {
    mounts: ['--volume %q', '--mount %q', '--tmpfs %q'],
    'mounts.target': ['--volume %q', ...MOUNT_CONFIG],
    'mounts.propagation': ['--volume %q', ...MOUNT_CONFIG],
    'mounts.source': ['--volume', '--mount', '--tmpfs'],
    volumesFrom: '--volumes-from %q',
    devices: '--device %q',
    vendorDevices: ['--device', '--gpus'],
    deviceRules: '--device-cgroup-rule %q',
    shmSize: '--shm-size %q',
  },
};

const vendors = (vendorDevices: readonly string[]) => (vendorDevices.length > 0 ? { vendorDevices } : {});
