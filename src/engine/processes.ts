/** A process as /proc tells of it. */
export interface Process {
  readonly pid: number;
  /** Of /proc/PID/stat; proc_pid_stat(5). */
  readonly stat: string;
  /** Its effective user: /proc/PID/status. */
  readonly user: string;
  /** Of /proc/PID/cmdline: NUL behind each argument. */
  readonly cmdline: string;
}

export interface Clock {
  /** Seconds since the epoch. */
  readonly now: number;
  /** Seconds since the machine started. */
  readonly uptime: number;
}

export const TITLES = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];

/** USER_HZ: what the kernel counts times in for programs, on every architecture that node runs on. */
const HZ = 100;
const MOST_PERCENT = 99;

/** A line of `ps -ef`, its cells under `TITLES`. */
export function processRow({ pid, stat, user, cmdline }: Process, { now, uptime }: Clock): string[] {
  const end = stat.lastIndexOf(')');
  const name = stat.slice(stat.indexOf('(') + 1, end);
  const fields = stat.slice(end + 2).split(' ');
  const number = (field: number): number => Number(fields[field - FIRST] ?? 0);
  const spent = Math.floor((number(UTIME) + number(STIME)) / HZ);
  const age = uptime - number(START) / HZ;
  const percent = age > 0 ? Math.floor((100 * (number(UTIME) + number(STIME))) / HZ / age) : 0;
  const argv = cmdline.split('\0').slice(0, -1);
  return [
    user,
    String(pid),
    String(number(PPID)),
    String(Math.min(percent, MOST_PERCENT)),
    startText(new Date((now - age) * 1000), new Date(now * 1000)),
    terminalName(number(TTY)),
    timeText(spent),
    argv.length > 0 ? argv.join(' ') : `[${name}]`,
  ];
}

/** Numbers of the fields of proc_pid_stat(5); the third is the first behind the name. */
const FIRST = 3;
const PPID = 4;
const TTY = 7;
const UTIME = 14;
const STIME = 15;
const START = 22;

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const two = (value: number): string => String(value).padStart(2, '0');

/** As ps shows it: of today the time, of this year the day, else the year. */
function startText(start: Date, now: Date): string {
  if (start.getFullYear() !== now.getFullYear()) return String(start.getFullYear());
  if (start.toDateString() !== now.toDateString())
    return `${MONTHS[start.getMonth()]}${two(start.getDate())}`;
  return `${two(start.getHours())}:${two(start.getMinutes())}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function timeText(seconds: number): string {
  const days = Math.floor(seconds / DAY);
  const rest = [
    Math.floor((seconds % DAY) / HOUR),
    Math.floor((seconds % HOUR) / MINUTE),
    Math.floor(seconds % MINUTE),
  ];
  return `${days > 0 ? `${days}-` : ''}${rest.map(two).join(':')}`;
}

/** linux/Documentation/admin-guide/devices.txt: 136 to 143 are pseudo terminals, 4 consoles and serial lines. */
function terminalName(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  if (major === 4) return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
  return '?';
}

/** What a container's programs are, as Docker's API answers. */
export interface Top {
  readonly titles: readonly string[];
  /** A row of cells for each. */
  readonly processes: readonly (readonly string[])[];
}

/**
 * Of what ps printed the lines of these processes, and those of their threads below them, in fields; the last one holds what is
 * left of its line. `column` is the PID's.
 */
export function parsePs(
  output: string,
  pids: ReadonlySet<number>,
  columnOf: (fields: string[]) => number,
): Top {
  const [header = '', ...lines] = output.split('\n').filter((line) => line.trim() !== '');
  const titles = header.trim().split(/\s+/);
  const column = columnOf(titles);
  const processes: string[][] = [];
  let isOurs = false;
  for (const line of lines) {
    const fields = line.trim().split(/\s+/);
    const pid = fields[column];
    if (pid !== '-') isOurs = pids.has(Number(pid));
    if (!isOurs) continue;
    const last = titles.length - 1;
    processes.push([...fields.slice(0, last), fields.slice(last).join(' ')]);
  }
  return { titles, processes };
}
