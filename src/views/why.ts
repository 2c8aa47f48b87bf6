import type { WhyReport } from '../engine/explain-end.ts';
import type { HealthState } from '../engine/record.ts';
import type { Sent } from '../engine/sent.ts';
import type { Why } from '../engine/why.ts';
import { SIGKILL, SIGNALS, signalName } from '../spec/linux.ts';
import { dict } from '../store/dict.ts';
import { binarySize, humanDuration } from './units.ts';
import { describeWhy } from './why-data.ts';

export const describeReport = (report: WhyReport) => ({
  Container: report.view.record.id,
  Name: report.view.record.name,
  Status: report.view.status,
  ...describeWhy(report),
  Text: sentenceOf(report),
  Health: report.view.health ?? null,
  Hindrance: report.hindrance ?? '',
  Log: report.log,
});

/** Good: it ended as it was to. Bad: it did not. */
export function verdictOf({ reason, code, by, asked }: Why): 'good' | 'bad' | 'odd' {
  if (['running', 'created'].includes(reason)) return 'good';
  if (reason === 'ended') return code === 0 ? 'good' : asked ? 'odd' : 'bad';
  return reason === 'signal' && by ? 'odd' : 'bad';
}

/** One sentence: what ended it. */
export function sentenceOf(why: Why): string {
  const { reason, code, signal = 0, by, asked, message } = why;
  switch (reason) {
    case 'running':
      return by ? `it runs, and did on after ${signalName(by.signal)} of ${verbOf(by)}` : 'it runs';
    case 'created':
      return 'it was made and has not been started';
    case 'not started':
      return `it could not be started: ${message}`;
    case 'lifeline killed':
      return 'its monitor or command was killed (kill -9, or the host had no memory), and it ended with that';
    case 'host went down':
      return 'the host went down or was restarted while it ran';
    case 'memory':
      return memorySentence(why);
    case 'grace over':
      return `it was killed because it had not ended ${seconds(by?.graceMs)} after ${asked ? `${verbOf(asked)} sent it ${signalName(asked.signal)}` : 'it was asked to'}`;
    case 'signal':
      return by
        ? `${verbOf(by)} ended it: ${signalName(signal)}, sent by ${personOf(by)}`
        : `${signalName(signal)} ended it: ${FAULTS[signal] ?? OUTSIDE}`;
    case 'ended':
      return endSentence(code, asked);
  }
}

function memorySentence({ memory = {}, isOther, code }: Why): string {
  const { limit, peak } = memory;
  const most = peak === undefined ? '' : `, at most it had ${binarySize(peak)}`;
  const cause =
    limit === undefined
      ? `the kernel had no memory left for it (it has no limit of its own${most})`
      : `its memory limit of ${binarySize(limit)} was reached${most}`;
  return isOther
    ? `the kernel killed a process of it: ${cause}; its program then ended with ${code}`
    : `the kernel killed it: ${cause}`;
}

function endSentence(code: number, asked: Sent | undefined): string {
  const after = asked ? `, after ${verbOf(asked)} had sent it ${signalName(asked.signal)}` : '';
  if (code === 0) return `its program ended well${after}`;
  return `its program ended with ${code}${after}${meaningOf(code)}`;
}

/** What shells and programs mean by a code. */
function meaningOf(code: number): string {
  if (code === 126) return ': what it was to run is there, and cannot be run';
  if (code === 127) return ': what it was to run is not there';
  const signal = code - 128;
  if (signal < 1 || signal > 64) return '';
  return `: so a shell says that ${signalName(signal)} ended what it ran; that was sent to a process in the container, not to its program`;
}

const OUTSIDE = 'no command of tinyrun sent it: a process of the host did (kill), or one of the container';

/** Signals that a program brings upon itself. */
const FAULTS: Readonly<Record<number, string>> = dict(
  Object.fromEntries([
    [SIGNALS.SEGV, 'it touched memory that it does not have'],
    [SIGNALS.BUS, 'it touched memory that is not there (a file was cut off, /dev/shm is full)'],
    [SIGNALS.ABRT, 'it gave up by itself (abort)'],
    [SIGNALS.FPE, 'it divided by zero, or the like'],
    [SIGNALS.ILL, 'its code is not for this processor'],
    [SIGNALS.SYS, 'it made a system call that its seccomp profile kills for'],
    [SIGNALS.TRAP, 'it hit a breakpoint'],
    [SIGNALS.PIPE, 'nobody reads what it writes any more'],
    [SIGNALS.XCPU, 'its limit of processor time is used up'],
    [SIGNALS.XFSZ, 'a file of it became larger than its limit'],
  ]),
);

const seconds = (ms = 0): string => `${ms / 1000}s`;

const VERBS: Readonly<Record<Sent['by'], string>> = dict({
  kill: 'tinyrun kill',
  stop: 'tinyrun stop',
  'stop-all': 'tinyrun system stop-all',
  restart: 'tinyrun restart',
  rm: 'tinyrun rm',
  run: 'the command at its terminal',
});

const verbOf = ({ by }: Sent): string => VERBS[by] ?? by;

const personOf = ({ uid, from }: Sent): string =>
  `${uid === 0 ? 'root' : `user ${uid}`}${from === undefined ? '' : ` from ${from}`}`;

/** What its health checks said last; undefined where they found nothing wrong. */
export function illnessOf(health: HealthState | undefined): string | undefined {
  const last = health?.Log.at(-1);
  if (!health || !last || last.ExitCode === 0) return undefined;
  const { Status, FailingStreak } = health;
  const times = FailingStreak > 1 ? `, ${FailingStreak} checks on end failed` : '';
  const said = last.Output.trim();
  return `${Status}${times}; the last ended with ${last.ExitCode}${said ? `: ${said}` : ''}`;
}

/** What can be done, in the words of the command line; undefined where nothing is wrong. */
export function adviceOf(why: Why, name: string): string | undefined {
  const { reason, code, signal, memory } = why;
  if (reason === 'memory')
    return memory?.limit === undefined
      ? `give the host more memory, or it a limit: tinyrun update --memory`
      : `tinyrun update --memory ${binarySize(memory.limit * 2)
          .replace(/\.\d+/, '')
          .replace('iB', '')
          .toLowerCase()} --memory-swap -1 ${name}, then start it`;
  if (reason === 'grace over')
    return `as PID 1 a program gets no signal that it does not ask for: run it with --init, name its own by --stop-signal, or give it longer: tinyrun update --stop-timeout 60 ${name}`;
  if (reason === 'lifeline killed' || reason === 'host went down') return `tinyrun start ${name}`;
  if (reason === 'signal' && signal === SIGKILL && !why.by)
    return `the kernel's log tells whether it was short of memory: dmesg | grep -i oom`;
  if (reason === 'ended' && (code === 126 || code === 127))
    return `tinyrun run -it --entrypoint sh IMAGE shows what is there`;
  return undefined;
}

/** `12 seconds ago`. */
export const agoOf = (time: string, now = Date.now()): string =>
  `${humanDuration(now - Date.parse(time))} ago`;
