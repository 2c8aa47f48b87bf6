import { describe, expect, test } from 'vitest';
import { describe as told } from '../../../src/plan/netlink/describe.ts';
import { type Element, elementBatch, identityOf } from '../../../src/plan/netlink/sets.ts';
import { NETLINK_NETFILTER } from '../../../src/plan/netlink/wire.ts';

const port = (n: number): Element => ({ set: 'any4', key: ['tcp', n], data: ['172.18.0.5', 80] });
const PORT6: Element = { set: 'at6', key: ['fd00::1', 'udp', 53], data: ['fd00::5', 53] };
const NETWORK: Element[] = [
  { set: 'home4', key: ['172.18.0.0', 'br0'], end: ['172.18.255.255', 'br0'] },
  { set: 'masq4', key: ['172.18.0.0'], end: ['172.18.255.255'] },
  { set: 'bridges', key: ['br0'] },
];

/** Behind the type and the flags: sequence, sender, nfgenmsg (inet), the table. */
const head = (sequence: string) => `${sequence}000000 00000000 01000000  0c000100 74696e79 72756e00`;
const BR0 = '62723000 00000000 00000000 00000000';
const FD00 = 'fd000000 00000000 00000000';

describe('a batch', () => {
  test.each<[string, Parameters<typeof elementBatch>[0], string, string[]]>([
    [
      'adds a port',
      { add: [port(8080)] },
      `54000000 0c0a 0506 ${head('02')}  09000200 616e7934 00000000
        28000380 24000180  10000180 0c000100 06000000 1f900000  10000280 0c000100 ac120005 00500000`,
      ['NFT_MSG_NEWSETELEM @any4 {tcp . 8080 : 172.18.0.5 . 80}'],
    ],
    [
      'takes one away',
      { remove: [PORT6] },
      `6c000000 0e0a 0500 ${head('02')}  08000200 61743600
        44000380 40000180  20000180 1c000100 ${FD00} 00000001 11000000 00350000
        1c000280 18000100 ${FD00} 00000005 00350000`,
      ['NFT_MSG_DELSETELEM @at6 {fd00::1 . udp . 53 : fd00::5 . 53}'],
    ],
    [
      'adds a network: a range of a concatenation has both corners, one of an address is two elements',
      { add: NETWORK },
      `6c000000 0c0a 0506 ${head('02')}  0a000200 686f6d65 34000000
        40000380 3c000180  1c000180 18000100 ac120000 ${BR0}  1c000a80 18000100 ac12ffff ${BR0}
       58000000 0c0a 0506 ${head('03')}  0a000200 6d617371 34000000
        2c000380 10000180  0c000180 08000100 ac120000
        18000180 0c000180 08000100 ac130000  08000300 00000001
       4c000000 0c0a 0506 ${head('04')}  0c000200 62726964 67657300
        20000380 1c000180  18000180 14000100 ${BR0}`,
      [
        'NFT_MSG_NEWSETELEM @home4 {172.18.0.0 . br0 to 172.18.255.255 . br0}',
        'NFT_MSG_NEWSETELEM @masq4 {172.18.0.0, to below 172.19.0.0}',
        'NFT_MSG_NEWSETELEM @bridges {br0}',
      ],
    ],
  ])('%s', (_, change, bytes, words) => {
    const made = elementBatch(change);
    expect(made).toMatchObject({ protocol: NETLINK_NETFILTER, deviceAt: [], pidAt: [], device: '' });
    const request = Buffer.from(made.request);
    // neither its begin nor its end is ever answered
    const [begin, end] = [request.subarray(0, 20), request.subarray(-20)];
    expect(begin.toString('hex')).toBe('140000001000010001000000000000000000000a');
    expect(end.toString('hex')).toBe(`14000000110001000${words.length + 2}000000000000000000000a`);
    expect(request.subarray(20, -20).toString('hex')).toBe(bytes.replace(/\s/g, ''));
    const all = ['NFNL_MSG_BATCH_BEGIN', ...words, 'NFNL_MSG_BATCH_END'];
    expect(told(NETLINK_NETFILTER, request)).toEqual(all);
  });

  test('has messages that an attribute has room for; the first elements are told', () => {
    const { request } = elementBatch({ add: Array.from({ length: 300 }, (_, index) => port(index)) });
    const [, first = '', second] = told(NETLINK_NETFILTER, request);
    expect(first).toMatch(
      /^NFT_MSG_NEWSETELEM @any4 \{tcp \. 0 .*, tcp \. 3 : 172\.18\.0\.5 \. 80, … 252 more\}$/,
    );
    expect(second).toContain('{tcp . 256 ');
  });

  test('of others is told by number', () => {
    const request = Buffer.from(elementBatch({ add: [port(1)] }).request);
    request.write('bny4', request.indexOf('any4'));
    expect(told(NETLINK_NETFILTER, request)[1]).toBe('message 0xa0c');
    for (let size = 16; size < request.length; size += 4) {
      const cut = request.subarray(20, 20 + size);
      if (cut.length === size) expect(() => told(NETLINK_NETFILTER, cut)).not.toThrow();
    }
  });
});

test.each<Element>([
  { set: 'any4', key: ['tcp', 65536], data: ['1.2.3.4', 80] },
  { set: 'any4', key: ['tcp', -1], data: ['1.2.3.4', 80] },
  { set: 'any4', key: ['icmp', 1], data: ['1.2.3.4', 80] },
  { set: 'any4', key: ['tcp', 1], data: ['fd00::1', 80] },
  { set: 'any4', key: ['tcp'], data: ['1.2.3.4', 80] },
  { set: 'any6', key: ['tcp', 1], data: ['1.2.3.4', 80] },
  { set: 'bridges', key: ['sixteen-letters!'] },
  { set: 'bridges', key: [''] },
])('$key of @$set is refused', (element) => {
  expect(() => elementBatch({ add: [element] })).toThrow(/is no (\w+) of a set/);
});

test('an element is the same however its address is spelt', () => {
  const spelt = (address: string): Element => ({ set: 'masq6', key: [address], end: ['fd00::ffff'] });
  expect(identityOf(spelt('fd00::'))).toBe(identityOf(spelt('FD00:0:0::0')));
  expect(identityOf(spelt('fd00::'))).not.toBe(identityOf(spelt('fd00::1')));
});
