import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, METHOD_CALL } from '../../../src/runtime/dbus/message.ts';
import { Reader, splitSignature, Writer } from '../../../src/runtime/dbus/wire.ts';

function roundTrip(signature: string, values: unknown[]): unknown[] {
  const writer = new Writer();
  writer.values(signature, values);
  return new Reader(Buffer.from(writer.done())).values(signature);
}

describe('the wire of D-Bus', () => {
  it('splits a signature into complete types', () => {
    expect(splitSignature('ssa(sv)a(sa(sv))')).toEqual(['s', 's', 'a(sv)', 'a(sa(sv))']);
  });

  it('aligns strings, numbers and structs as the specification says', () => {
    const writer = new Writer();
    writer.values('ysu(t)', [1, 'ab', 7, [9n]]);
    const parts = ['01000000', '02000000', '61620000', '07000000', '0900000000000000'];
    expect(writer.done().toString('hex')).toBe(parts.join(''));
  });

  it('reads back what it wrote', () => {
    const unit = ['x.scope', 'replace', [['PIDs', { signature: 'au', value: [1, 2] }]], []];
    expect(roundTrip('ssa(sv)a(sa(sv))', unit)).toEqual(unit);
    fc.assert(
      fc.property(
        fc.string(),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.boolean(),
        (text, big, flag) => {
          // NUL ends a string on the wire and is allowed in none.
          const clean = text.replaceAll('\0', '');
          const values = [clean, [[clean, { signature: 't', value: big }]], flag];
          expect(roundTrip('sa(sv)b', values)).toEqual(values);
        },
      ),
    );
  });

  it('waits for the rest of a message', () => {
    const bytes = encodeMessage({
      type: METHOD_CALL,
      serial: 3,
      path: '/a',
      member: 'B',
      signature: 's',
      body: ['c'],
    });
    expect(decodeMessage(bytes.subarray(0, bytes.length - 1))).toBeUndefined();
    const decoded = decodeMessage(Buffer.concat([bytes, Buffer.from('more')]));
    expect(decoded?.size).toBe(bytes.length);
    expect(decoded?.message).toMatchObject({ serial: 3, path: '/a', member: 'B', body: ['c'] });
  });

  it('refuses a peer that promises gigabytes', () => {
    const bytes = encodeMessage({ type: METHOD_CALL, serial: 1, path: '/a', member: 'B', body: [] });
    bytes.writeUInt32LE(0x7fffffff, 4);
    expect(() => decodeMessage(bytes)).toThrow(/sends/);
  });
});
