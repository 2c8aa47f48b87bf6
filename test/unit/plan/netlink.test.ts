import { describe, expect, test } from 'vitest';
import { TinyrunError } from '../../../src/errors.ts';
import { addAddress, addressBytes } from '../../../src/plan/netlink/address.ts';
import { describe as told } from '../../../src/plan/netlink/describe.ts';
import { setUp } from '../../../src/plan/netlink/link.ts';
import { datagram } from '../../../src/plan/netlink/wire.ts';

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex');

// head: length, type, flags, sequence, sender; the index of the device is 0 until the step is run
const V4 = `28000000 1400 0506 01000000 00000000  02180000 00000000  08000200 c0000207  08000100 c0000207`;
const V6 = `40000000 1400 0506 02000000 00000000  0a400200 00000000
  14000200 20010db8000000000000000000000007  14000100 20010db8000000000000000000000007`;
const UP = `20000000 1000 0500 03000000 00000000  00000000 00000000 01000000 01000000`;

describe('a datagram', () => {
  const made = datagram([addAddress('192.0.2.7/24'), addAddress('2001:db8::7/64'), setUp()]);

  test('golden bytes', () => {
    expect(hex(made.request)).toBe(`${V4}${V6}${UP}`.replace(/\s/g, ''));
  });

  test('says where the index of the device is missing', () => {
    expect(made.deviceAt).toEqual([20, 40 + 20, 40 + 64 + 20]);
    for (const at of made.deviceAt) expect(Buffer.from(made.request).readUInt32LE(at)).toBe(0);
  });

  test('is told as messages', () => {
    const messages = ['RTM_NEWADDR 192.0.2.7/24', 'RTM_NEWADDR 2001:db8::7/64', 'RTM_NEWLINK IFF_UP'];
    expect(told(0, made.request)).toEqual(messages);
    expect(told(12, made.request)).toEqual(['message 0x14', 'message 0x14', 'message 0x10']);
    expect(told(0, new Uint8Array())).toEqual([]);
    expect(told(0, made.request.subarray(0, 50))).toEqual([messages[0], '10 bytes']);
    expect(told(0, new Uint8Array(20))).toEqual(['20 bytes']);
    // an address that is cut off
    expect(told(0, Uint8Array.from([20, 0, 0, 0, 20, ...new Uint8Array(15)]))).toEqual(['message 0x14']);
  });
});

describe('addresses', () => {
  test.each([
    ['10.0.0.1', '0a000001'],
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['fe80::', `fe80${'0'.repeat(28)}`],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['2001:db8::a:b', '20010db80000000000000000000a000b'],
    ['1::2:3:4:5:6:7', '00010000000200030004000500060007'],
    ['::ffff:192.0.2.1', `${'0'.repeat(20)}ffffc0000201`],
    ['64:ff9b::192.0.2.33', `0064ff9b${'0'.repeat(16)}c0000221`],
  ])('%s', (text, bytes) => {
    expect(hex(addressBytes(text))).toBe(bytes);
  });

  test.each(['', '1.2.3', '1.2.3.256', '1:2', 'fe80::1%eth0', '1::2::3', 'x'])('%j is none', (text) => {
    expect(addressBytes(text)).toBeUndefined();
  });

  test.each(['10.0.0.1', '10.0.0.1/33', '::1/129', '10.0.0.1/-1', '10.0.0.1/1e1', 'x/8', '/8'])(
    '%j cannot be assigned',
    (cidr) => {
      expect(() => addAddress(cidr)).toThrow(TinyrunError);
      expect(() => addAddress(cidr)).toThrow('is no address with a prefix');
    },
  );
});
