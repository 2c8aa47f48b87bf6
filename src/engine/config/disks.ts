import type { LinuxBlockIO } from '../../spec/types.ts';
import { deviceAt } from './devices.ts';
import { ConfigError, checkInteger } from './error.ts';
import type { DiskLimit, Limits } from './types.ts';

const THROTTLES = {
  readBps: 'throttleReadBpsDevice',
  writeBps: 'throttleWriteBpsDevice',
  readIops: 'throttleReadIOPSDevice',
  writeIops: 'throttleWriteIOPSDevice',
} as const;
const RATE = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** What it may use of the host's disks. @throws ConfigError, where a disk is none, too */
export function blockIoOf({ ioWeight, disks = [] }: Limits): LinuxBlockIO | undefined {
  const weight = weightOf(ioWeight, 'limits.ioWeight');
  if (weight === 0 && disks.length === 0) return undefined;
  const found = disks.map((disk, index) => ({ ...disk, ...numbersOf(disk, `limits.disks[${index}]`) }));
  const own = found.filter(({ of }) => of === 'weight');
  const throttles = Object.entries(THROTTLES).flatMap(([of, field]) => {
    const rates = found
      .filter((disk) => disk.of === of)
      .map(({ major, minor, value }) => ({ major, minor, rate: value }));
    return rates.length > 0 ? [[field, rates] as const] : [];
  });
  return {
    ...(weight ? { weight } : {}),
    ...(own.length > 0 && {
      weightDevice: own.map(({ major, minor, value }) => ({ major, minor, weight: value })),
    }),
    ...Object.fromEntries(throttles),
  };
}

function numbersOf({ path, of, value }: DiskLimit, field: string): { major: number; minor: number } {
  if (of !== 'weight' && !Object.hasOwn(THROTTLES, of))
    throw new ConfigError(`${field}.of`, `none of weight, ${Object.keys(THROTTLES).join(', ')}`);
  if (of === 'weight') weightOf(value, field);
  else checkInteger(field, value, RATE);
  const device = path.startsWith('/') ? deviceAt(path, path) : undefined;
  if (device?.type !== 'b') throw new ConfigError(field, `${path} is no block device on this host`);
  return { major: device.major ?? 0, minor: device.minor ?? 0 };
}

function weightOf(weight: number | undefined, field: string): number {
  if (!weight) return checkInteger(field, weight ?? 0, RATE);
  if (Number.isInteger(weight) && weight >= 10 && weight <= 1000) return weight;
  throw new ConfigError(field, 'range of blkio weight is from 10 to 1000');
}
