import { Readable, Writable } from 'node:stream';
import type { Engine as Core } from '../engine/engine.ts';
import type { Attached } from '../runtime/monitor/attach.ts';
import { signalName } from '../spec/linux.ts';
import type { AttachedExec, ExecEnd } from './container-types.ts';
import { linesOf } from './lines.ts';

/** Joins what was begun by `execDetached`, `exec -d` or `exec -t`; undefined: it has ended, or has no monitor. */
export async function attachExec(
  core: Core,
  container: string,
  id: string,
): Promise<AttachedExec | undefined> {
  let joined: Attached | undefined;
  // who reads no more holds up nobody but the connection: its monitor hangs up in the end
  const output = () => new Readable({ read: () => joined?.goOn() });
  const outputs = { 1: output(), 2: output() };
  joined = await core.attachExec(container, id, (stream, text) => {
    if (!outputs[stream].push(text)) joined?.hold();
  });
  if (joined === undefined) return undefined;
  const { resize, close } = joined;
  const stdin = typed(joined);
  const ended = joined.ended.then((exit): ExecEnd | undefined => {
    for (const stream of Object.values(outputs)) stream.push(null);
    stdin.destroy();
    if (exit === undefined) return undefined;
    const { code, signal } = exit;
    return { exitCode: code, ...(signal === undefined ? {} : { signal, signalName: signalName(signal) }) };
  });
  const [stdout, stderr] = [outputs[1], outputs[2]];
  return { id, stdin, stdout, stderr, ended, resize, close, [Symbol.asyncIterator]: () => linesOf(stdout) };
}

/** What is written to it is typed; its end is the program's end of file. */
function typed({ type, onDrain, closeStdin }: Attached): Writable {
  return new Writable({
    write: (text: Buffer, _encoding, done) => {
      if (type(text)) done();
      else onDrain(done);
    },
    final: (done) => {
      closeStdin();
      done();
    },
  });
}
