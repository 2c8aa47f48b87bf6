import type { Sent } from '../engine/sent.ts';
import type { Why } from '../engine/why.ts';
import { signalName } from '../spec/linux.ts';

/** `State.Why` of inspect: why it ended, as far as anybody saw. */
export function describeWhy(why: Why) {
  const { reason, code, signal, by, asked, memory } = why;
  return {
    Reason: reason,
    ExitCode: code,
    Signal: signal === undefined ? '' : signalName(signal),
    By: by ? describeSent(by) : null,
    Asked: asked ? describeSent(asked) : null,
    MemoryLimit: memory?.limit ?? 0,
    MemoryPeak: memory?.peak ?? 0,
    Message: why.message ?? '',
  };
}

const describeSent = ({ at, by, signal, uid, from, graceMs }: Sent) => ({
  Verb: by,
  Signal: signalName(signal),
  Time: at,
  Uid: uid,
  From: from ?? '',
  GraceSeconds: graceMs === undefined ? 0 : graceMs / 1000,
});
