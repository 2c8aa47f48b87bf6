import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TinyrunError } from '../../../../src/errors.ts';
import { MESSAGES, type Messages } from '../../../../src/runtime/monitor/messages.gen.ts';
import { decodeMessage, encodeMessage, type MessageName } from '../../../../src/runtime/monitor/messages.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex');

/** The wire, as native/test/message_test.cc has it, too. */
const GOLDEN: { readonly [N in MessageName]: readonly [Messages[N], string] } = {
  stdin: [{ data: bytes('ls\n') }, '00000000 00000003 6c730a'],
  stdout: [{ data: bytes('') }, '01000000 00000000'],
  stderr: [{ data: bytes('no') }, '02000000 00000002 6e6f'],
  order: [
    {
      plan: bytes('plan'),
      remove: bytes(''),
      run: '/r',
      data: '/dat',
      cgroup: '',
      lock: 3,
      caller: 4,
      executable: 5,
      input: -1,
      output: 6,
      errors: 6,
      owner: 0xffffffff,
      console: 7,
      stays: 1,
      logBytes: 0x1_0000_0002n,
      logFiles: 3,
      events: '/e',
      event: ['a'],
      eventsAfter: [],
      afterwards: [],
      environment: [],
      backoff: 100,
      health: bytes('?'),
      healthSlot: 4,
      healthEvery: 1n,
      healthTimeout: 2n,
      healthStart: 0x1_0000_0000n,
      healthStartEvery: 5n,
      healthRetries: 3,
      container: 6,
      actions: ['s'],
    },
    `10000000 000000bc 04000000 706c616e 00000000 02000000 2f720000 04000000 2f646174 00000000 00000000 00000000
     03000000 04000000 05000000 ffffffff 06000000 06000000 ffffffff 07000000
     01000000 02000000 01000000 03000000
     02000000 2f650000 01000000 01000000 61000000 00000000 00000000 00000000 64000000
     01000000 3f000000 04000000 01000000 00000000 02000000 00000000 00000000 01000000 05000000 00000000 03000000
     06000000 01000000 01000000 73000000`,
  ],
  closeStdin: [{}, '11000000 00000000'],
  attach: [{ stdin: 1, output: 0 }, '12000000 00000008 01000000 00000000'],
  brokenPipe: [{ stream: 2 }, '14000000 00000004 02000000'],
  resize: [{ rows: 24, columns: 80 }, '13000000 00000008 18000000 50000000'],
  lookHealth: [{}, '15000000 00000000'],
  health: [
    {
      plan: bytes('?'),
      slot: 4,
      every: 1n,
      timeout: 2n,
      start: 0x1_0000_0000n,
      startEvery: 5n,
      retries: 3,
    },
    `16000000 00000030 01000000 3f000000 04000000
     01000000 00000000 02000000 00000000 00000000 01000000 05000000 00000000 03000000`,
  ],
  lookPlan: [{}, '17000000 00000000'],
  run: [{ plan: bytes('?') }, '18000000 00000008 01000000 3f000000'],
  started: [{ pid: 4711, startTime: 0x1_0000_0002n }, '20000000 0000000c 67120000 02000000 01000000'],
  failed: [
    { step: 2, error: 13, syscall: 'open', path: '/é' },
    '21000000 0000001c 02000000 0d000000 04000000 6f70656e 00000000 03000000 2fc3a900',
  ],
  ran: [
    { step: 2, error: 98, syscall: 'bind', path: '' },
    '23000000 0000001c 02000000 62000000 04000000 62696e64 00000000 00000000 00000000',
  ],
  exit: [
    { code: 137, signal: 9, started: 'a', finished: 'b', why: 'memory' },
    '22000000 00000024 89000000 09000000 01000000 61000000 01000000 62000000 06000000 6d656d6f 72790000',
  ],
};

const faultOf = (data: Uint8Array): string => {
  try {
    decodeMessage(data);
  } catch (error) {
    if (error instanceof TinyrunError && error.code === 'PLAN_DAMAGED') return error.message;
    throw error;
  }
  return '';
};

describe('messages of a monitor', () => {
  test.each(Object.keys(MESSAGES) as MessageName[])('%s, byte by byte, both ways', (name) => {
    const [fields, text] = GOLDEN[name];
    const wire = text.replace(/\s/g, '');
    expect(hex(encodeMessage(name, fields as never))).toBe(wire);
    expect(decodeMessage(Buffer.from(wire, 'hex'))).toEqual({ name, ...fields });
  });

  test('no two of a kind; those of a stream are Docker’s', () => {
    const kinds = Object.values(MESSAGES).map(({ kind }) => kind);
    expect(new Set(kinds).size).toBe(kinds.length);
    expect([MESSAGES.stdin.kind, MESSAGES.stdout.kind, MESSAGES.stderr.kind]).toEqual([0, 1, 2]);
  });

  const started = () => Buffer.from(encodeMessage('started', GOLDEN.started[0]));
  test.each<[string, (frame: Buffer) => Uint8Array, string]>([
    ['nothing', () => Buffer.alloc(0), 'no message of a monitor'],
    ['half a header', (f) => f.subarray(0, 7), 'no message of a monitor'],
    ['an unknown kind', (f) => f.fill(99, 0, 1), 'no message of a monitor'],
    ['something in the zeros', (f) => f.fill(1, 2, 3), 'no message of a monitor'],
    [
      'one byte less',
      (f) => f.subarray(0, -1),
      'message started: size in the header is not the size of the frame',
    ],
    ['another message’s fields', (f) => f.fill(34, 0, 1), 'message exit: arguments end early'],
  ])('%s is refused', (_name, damage, fault) => {
    expect(faultOf(damage(started()))).toBe(fault);
  });

  test('whatever the bytes are, they are a message or refused', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...(Object.keys(GOLDEN) as MessageName[])), damage, (name, changes) => {
        const frame = Buffer.from(encodeMessage(name, GOLDEN[name][0] as never));
        for (const [at, value] of changes) frame[at % frame.length] = value;
        faultOf(frame);
      }),
      { numRuns: 2000 },
    );
  });

  test('what a field cannot hold is no message', () => {
    expect(() => encodeMessage('resize', { rows: -1, columns: 2 })).toThrow(RangeError);
    expect(() => encodeMessage('failed', { ...GOLDEN.failed[0], path: 'a\0b' })).toThrow(RangeError);
  });
});
