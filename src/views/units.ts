/** From how many hours on a unit is used, largest first; and its hours. */
const UNITS: readonly (readonly [from: number, hours: number, name: string])[] = [
  [2 * 365 * 24, 365 * 24, 'years'],
  [2 * 30 * 24, 30 * 24, 'months'],
  [2 * 7 * 24, 7 * 24, 'weeks'],
  [2 * 24, 24, 'days'],
];

/** `5 seconds`, `About a minute`, `3 weeks`: how `docker ps` and `docker images` show times. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 1) return 'Less than a second';
  if (seconds < 60) return seconds === 1 ? '1 second' : `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes === 1 ? 'About a minute' : `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  const unit = UNITS.find(([from]) => hours >= from);
  if (unit) return `${Math.floor(hours / unit[1])} ${unit[2]}`;
  return hours === 1 ? 'About an hour' : `${hours} hours`;
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `7.05MB`, `124MB`: go-units' HumanSize, decimal, with so many significant digits. */
export function humanSize(bytes: number, digits = 3): string {
  let size = bytes;
  let unit = 0;
  for (; size >= 1000 && unit < SIZES.length - 1; unit++) size /= 1000;
  return `${Number(size.toPrecision(digits))}${SIZES[unit]}`;
}

/** `2026-11-23 17:26:59 +0000 UTC`, Go's time.String in UTC, without its fraction. */
export function goTime(iso: string): string {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return iso;
  const [date = '', clock = ''] = new Date(time).toISOString().split('T');
  return `${date} ${clock.slice(0, 8)} +0000 UTC`;
}

const BINARY_SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1.184MiB`: go-units' BytesSize, four significant digits. */
export function binarySize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < BINARY_SIZES.length - 1; unit++) size /= 1024;
  return `${Number(size.toPrecision(4))}${BINARY_SIZES[unit]}`;
}
