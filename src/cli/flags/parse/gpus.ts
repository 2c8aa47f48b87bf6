import { TinyrunError } from '../../../errors.ts';
import { csvFields } from './csv.ts';

const KIND = 'nvidia.com/gpu';

/** Whether --device names one of a vendor, `vendor.com/class=name`, and no path. */
export const isOfVendor = (text: string): boolean => /^[^/:=]+\/[^/:=]+=/.test(text);

/** `all`, `2`, `"device=0,1"`: names of the devices that the vendor's own specification has. Docker's words. */
export function parseGpus(text: string): string[] {
  const fail = (problem: string) => new TinyrunError('USAGE', `--gpus ${JSON.stringify(text)}: ${problem}`);
  const fields = fieldsOf(text, fail);
  const devices = fields.get('device');
  const count = fields.get('count');
  const driver = fields.get('driver') ?? 'nvidia';
  if (!['nvidia', 'cdi'].includes(driver))
    throw fail(`could not select device driver ${JSON.stringify(driver)}`);
  if (devices !== undefined && count !== undefined)
    throw fail('cannot set both Count and DeviceIDs on device request');
  if (devices !== undefined) return devices.split(',').map((name) => `${KIND}=${name}`);
  if (count === 'all' || count === '-1') return [`${KIND}=all`];
  if (count !== undefined && !/^\d{1,3}$/.test(count))
    throw fail(`invalid count (${count}): value must be either "all" or an integer`);
  return Array.from({ length: Number(count ?? 1) }, (_, index) => `${KIND}=${index}`);
}

function fieldsOf(text: string, fail: (problem: string) => TinyrunError): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const field of csv(text, fail)) {
    const at = field.indexOf('=');
    const key = at < 0 ? 'count' : field.slice(0, at);
    if (!['count', 'device', 'driver', 'capabilities', 'options'].includes(key))
      throw fail(`unexpected key '${key}' in '${field}'`);
    if (fields.has(key)) throw fail(`gpu request key '${key}' can be specified only once`);
    fields.set(key, field.slice(at + 1));
  }
  return fields;
}

function csv(text: string, fail: (problem: string) => TinyrunError): string[] {
  try {
    return csvFields(text);
  } catch (error) {
    throw fail((error as Error).message);
  }
}
