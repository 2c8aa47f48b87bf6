import type { DiskLimit } from '../../../engine/config/types.ts';
import { TinyrunError } from '../../../errors.ts';
import { bytesOf } from '../../../store/words.ts';

const FLAGS: Readonly<Record<DiskLimit['of'], string>> = {
  weight: '--blkio-weight-device',
  readBps: '--device-read-bps',
  writeBps: '--device-write-bps',
  readIops: '--device-read-iops',
  writeIops: '--device-write-iops',
};
const FORMAT = 'The correct format is <device-path>:<number>';
const POSITIVE = 'Number must be a positive integer';

/** `/dev/sda:10mb`; Docker's words. */
export function parseDisk(text: string, of: DiskLimit['of']): DiskLimit {
  const [, path = '', number = ''] = /^([^:]+):(.*)$/s.exec(text) ?? [];
  const fail = (problem: string) =>
    new TinyrunError('USAGE', `${FLAGS[of]} ${JSON.stringify(text)}: ${problem}`);
  if (path === '') throw fail(`bad format: ${text}`);
  if (!path.startsWith('/dev/')) throw fail(`bad format for device path: ${text}`);
  const isBytes = of === 'readBps' || of === 'writeBps';
  const plain = /^\d{1,15}$/.test(number) ? Number(number) : undefined;
  const value = isBytes ? bytesOf(number) : plain;
  if (value !== undefined && (of !== 'weight' || value === 0 || (value >= 10 && value <= 1000)))
    return { path, of, value };
  if (of === 'weight') throw fail(`invalid weight for device: ${text}`);
  const unit = isBytes ? '[<unit>]' : '';
  const units = isBytes ? '. Unit is optional and can be kb, mb, or gb' : '';
  throw fail(`invalid rate for device: ${text}. ${FORMAT}${unit}. ${POSITIVE}${units}`);
}
