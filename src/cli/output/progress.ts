import { visible } from '../../store/text.ts';
import { humanSize } from '../../views/units.ts';

/** What is shown of one line of work; `current` of `total` bytes draws a bar. */
export interface ProgressLine {
  readonly id: string;
  readonly status: string;
  readonly current?: number;
  readonly total?: number;
}

const BAR = 50;
/** A terminal shows no more than it is looked at. */
const FRAME_MS = 100;

/** Shows lines of work as they change: a line each with a bar on a terminal, a line per change of status when piped. */
export interface ProgressView {
  update(line: ProgressLine): void;
  /** Draws what is still to be drawn. */
  end(): void;
}

export function createProgress(
  write: (text: string) => void,
  terminal: { columns: number } | undefined,
): ProgressView {
  return terminal ? new TerminalView(write, terminal.columns) : new PlainView(write);
}

/** What only a bar can show is left out. */
class PlainView implements ProgressView {
  readonly #shown = new Map<string, string>();
  constructor(readonly write: (text: string) => void) {}

  update({ id, status, current }: ProgressLine): void {
    if (current !== undefined || this.#shown.get(id) === status) return;
    this.#shown.set(id, status);
    this.write(`${formatLine({ id, status })}\n`);
  }

  end(): void {
    this.#shown.clear();
  }
}

class TerminalView implements ProgressView {
  readonly #lines = new Map<string, ProgressLine>();
  readonly #changed = new Set<string>();
  #drawn = 0;
  #next = 0;
  constructor(
    readonly write: (text: string) => void,
    readonly columns: number,
  ) {}

  update(line: ProgressLine): void {
    const fresh = this.#lines.get(line.id)?.status !== line.status;
    this.#lines.set(line.id, line);
    this.#changed.add(line.id);
    if (fresh || Date.now() >= this.#next) this.#draw();
  }

  end(): void {
    this.#draw();
  }

  /** Only the lines that changed: up to the line, rewrite it, down again. */
  #draw(): void {
    const ids = [...this.#lines.keys()];
    let out = '';
    ids.forEach((id, i) => {
      const line = this.#lines.get(id);
      if (!line || !this.#changed.has(id)) return;
      const text = `${formatLine(line, this.columns - 1)}\x1b[K`;
      if (i >= this.#drawn) out += `${text}\r\n`;
      else out += `\x1b[${this.#drawn - i}A\r${text}\x1b[${this.#drawn - i}B\r`;
      this.#drawn = Math.max(this.#drawn, i + 1);
    });
    this.#changed.clear();
    this.#next = Date.now() + FRAME_MS;
    if (out !== '') this.write(out);
  }
}

/** Shorter than this a bar tells nothing. */
const SHORTEST_BAR = 5;

/** `4abcf2066143: Downloading [====>   ]  1.049MB/3.42MB`. Where that is too wide the bar gives way, then the words. */
export function formatLine(
  { current, total, ...line }: ProgressLine,
  width = Number.POSITIVE_INFINITY,
): string {
  const words = `${visible(line.id)}: ${visible(line.status)}`;
  if (current === undefined || total === undefined) return cut(words, width);
  const numbers = `${humanSize(current, 4).padStart(8)}/${humanSize(total, 4)}`;
  const room = Math.min(BAR, width - words.length - numbers.length - ' [] '.length);
  if (room >= SHORTEST_BAR) return `${words} [${bar(current, total, room)}] ${numbers}`;
  const short = numbers.trimStart();
  return `${cut(words, width - short.length - 1)} ${short}`.slice(0, Math.max(0, width));
}

function bar(current: number, total: number, length: number): string {
  const filled = total > 0 ? Math.min(length, Math.floor((current / total) * length)) : length;
  return `${'='.repeat(filled)}${filled < length ? '>' : ''}`.padEnd(length).slice(0, length);
}

const cut = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;

/** Bars are drawn where somebody can see them. */
export function terminal(): { columns: number } | undefined {
  return process.stdout.isTTY ? { columns: process.stdout.columns || 80 } : undefined;
}
