import { EventEmitter } from 'node:events';
import { openSync, readSync } from 'node:fs';

/** Where lines come from while a plan is gone through step by step. */
export interface Prompt {
  /** The next line without its end; undefined at the end of the input. @throws when the signal aborts */
  line(signal?: AbortSignal): Promise<string | undefined>;
  close(): void;
}

const NO_PROMPT: Prompt = { line: async () => undefined, close: () => {} };

/** The terminal; without one standard input, unless that is the program's. */
export async function openPrompt(programReadsInput: boolean): Promise<Prompt> {
  let fd: number;
  try {
    fd = openSync('/dev/tty', 'r');
  } catch {
    return programReadsInput ? NO_PROMPT : { ...NO_PROMPT, line: async () => readLine(0) };
  }
  return terminalPrompt(fd);
}

/** Read by events: a read that blocks would keep Ctrl-C from being heard. Lines typed ahead wait for their turn. */
async function terminalPrompt(fd: number): Promise<Prompt> {
  const { ReadStream } = await import('node:tty');
  const terminal = new ReadStream(fd);
  terminal.pause();
  const ahead: string[] = [];
  const line = async (signal?: AbortSignal) => {
    if (ahead.length === 0) {
      const [data] = await EventEmitter.once(terminal.resume(), 'data', { ...(signal && { signal }) });
      terminal.pause();
      ahead.push(...String(data).replace(/\n$/, '').split('\n'));
    }
    return ahead.shift();
  };
  return { line, close: () => terminal.destroy() };
}

/** Byte by byte, so as to take no more than the line. */
function readLine(fd: number): string | undefined {
  const byte = Buffer.alloc(1);
  const bytes: number[] = [];
  while (readSync(fd, byte, 0, 1, null) === 1) {
    if (byte[0] === LINE_FEED) return Buffer.from(bytes).toString('utf8');
    bytes.push(byte[0] ?? 0);
  }
  return undefined;
}

const LINE_FEED = 10;
