import { isAccess } from '../../../engine/config/devices.ts';
import type { DeviceConfig } from '../../../engine/config/types.ts';
import { TinyrunError } from '../../../errors.ts';

/** `HOST[:CONTAINER[:rwm]]`; a directory stands for the devices in it. */
export function parseDevice(text: string): DeviceConfig {
  const [host = '', second = '', third, ...more] = text.split(':');
  const alone = !text.includes(':');
  const onlyAccess = third === undefined && isAccess(second);
  const path = alone || onlyAccess ? host : second;
  if (more.length === 0 && host.startsWith('/') && path.startsWith('/'))
    return { host, path, access: onlyAccess ? second : third };
  throw new TinyrunError(
    'USAGE',
    `--device ${JSON.stringify(text)}: not HOST[:CONTAINER[:rwm]] with absolute paths`,
  );
}
