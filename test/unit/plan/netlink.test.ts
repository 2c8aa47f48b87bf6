import { describe, expect, test } from 'vitest';
import { TinyrunError } from '../../../src/errors.ts';
import { addAddress, addressBytes } from '../../../src/plan/netlink/address.ts';
import { describeFlows, flowsToAddress, flowsToPort } from '../../../src/plan/netlink/conntrack.ts';
import { describe as told } from '../../../src/plan/netlink/describe.ts';
import * as link from '../../../src/plan/netlink/link.ts';
import { setUp } from '../../../src/plan/netlink/link.ts';
import * as route from '../../../src/plan/netlink/route.ts';
import { datagram, type Message } from '../../../src/plan/netlink/wire.ts';

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
    expect(told(999, made.request)).toEqual(['message 0x14', 'message 0x14', 'message 0x10']);
    expect(told(0, new Uint8Array())).toEqual([]);
    expect(told(0, made.request.subarray(0, 50))).toEqual([messages[0], '10 bytes']);
    expect(told(0, new Uint8Array(20))).toEqual(['20 bytes']);
    // an address that is cut off
    expect(told(0, Uint8Array.from([20, 0, 0, 0, 20, ...new Uint8Array(15)]))).toEqual(['message 0x14']);
  });
});

interface Golden {
  readonly message: Message;
  /** Without the head's length and sequence, 1. */
  readonly bytes: string;
  readonly deviceAt?: number[];
  readonly pidAt?: number[];
  readonly told: string;
}

const mac = '02:42:ac:12:00:05';
const NONE = '00000000 00000000 00000000';

const GOLDEN: Record<string, Golden> = {
  bridge: {
    message: link.addBridge({ name: 'tinyrun0', mac: '02:42:00:00:00:01', mtu: 1400 }),
    bytes: `1000 0506 00000000 00000000 01000000 01000000  0d000300 74696e79 72756e30 00000000
      0a000100 02420000 00010000  08000400 78050000  10001280 0b000100 62726964 67650000`,
    told: 'RTM_NEWLINK {bridge "tinyrun0", 02:42:00:00:00:01, mtu 1400, up}',
  },
  veth: {
    message: link.addVeth({ name: 'tr0123456789abc', mtu: 1400, peer: { name: 'eth0', mac } }),
    bytes: `1000 0506 00000000 00000000 01000000 01000000
      14000300 74723031 32333435 36373839 61626300  08000400 78050000  08000a00 00000000
      50001280 09000100 76657468 00000000 40000280 3c000180 ${NONE} 00000000
      09000300 65746830 00000000  0a000100 0242ac12 00050000  08000400 78050000  08001300 00000000`,
    deviceAt: [64],
    pidAt: [144],
    told: `RTM_NEWLINK {veth "tr0123456789abc", mtu 1400, master dev0, peer {"eth0", ${mac}, mtu 1400, netns of PID}, up}`,
  },
  'a port': {
    message: link.describePort({ name: 'tr0', alias: 'tinyrun web@front', isolated: true }),
    bytes: `1000 0500 ${NONE} 00000000  08000300 74723000
      15001400 74696e79 72756e20 77656240 66726f6e 74000000
      24001280 0b000400 62726964 67650000 14000580 05000400 01000000 05002100 01000000`,
    told: 'RTM_NEWLINK {"tr0", alias "tinyrun web@front", hairpin, isolated}',
  },
  'a port that talks to the others': {
    message: link.describePort({ name: 'tr0', alias: 'a', isolated: false }),
    bytes: `1000 0500 ${NONE} 00000000  08000300 74723000  05001400 61000000
      24001280 0b000400 62726964 67650000 14000580 05000400 01000000 05002100 00000000`,
    told: 'RTM_NEWLINK {"tr0", alias "a", hairpin}',
  },
  'an alias': {
    message: link.describeLink('tr0', 'a'),
    bytes: `1000 0500 ${NONE} 00000000  08000300 74723000  05001400 61000000`,
    told: 'RTM_NEWLINK {"tr0", alias "a"}',
  },
  'off its bridge': {
    message: link.takeOff('tr0'),
    bytes: `1000 0500 ${NONE} 01000000  08000300 74723000  08000a00 00000000`,
    told: 'RTM_NEWLINK {"tr0", no master, down}',
  },
  'a link less': {
    message: link.removeLink('tr0'),
    bytes: `1100 0500 ${NONE} 00000000  08000300 74723000`,
    told: 'RTM_DELLINK "tr0"',
  },
  'another name': {
    message: link.rename('eth0'),
    bytes: `1000 0500 ${NONE} 00000000  09000300 65746830 00000000`,
    deviceAt: [20],
    told: 'RTM_NEWLINK {IFLA_IFNAME="eth0"}',
  },
  macvlan: {
    message: link.addMacvlan({ name: 'tr0', mac, mtu: 1500 }),
    bytes: `1000 0506 ${NONE} 00000000  08000300 74723000  0a000100 0242ac12 00050000  08000400 dc050000
      08000500 00000000  08001300 00000000
      1c001280 0c000100 6d616376 6c616e00 0c000280 08000100 04000000`,
    deviceAt: [64],
    pidAt: [72],
    told: `RTM_NEWLINK {macvlan "tr0", ${mac}, mtu 1500, netns of PID, link dev0}`,
  },
  ipvlan: {
    message: link.addIpvlan({ name: 'tr0', mtu: 1500 }, 'l3'),
    bytes: `1000 0506 ${NONE} 00000000  08000300 74723000  08000400 dc050000  08000500 00000000
      08001300 00000000  1c001280 0b000100 6970766c 616e0000 0c000280 06000100 01000000`,
    deviceAt: [52],
    pidAt: [60],
    told: 'RTM_NEWLINK {ipvlan "tr0", mtu 1500, netns of PID, link dev0}',
  },
  'a default route': {
    message: route.addDefaultRoute({ gateway: '172.18.0.1', metric: 7 }),
    bytes: `1800 0506 02000000 00040001 00000000  08000f00 fe000000  08000500 ac120001
      08000400 00000000  08000600 07000000`,
    deviceAt: [48],
    told: 'RTM_NEWROUTE default via 172.18.0.1 metric 7',
  },
  'a default route of IPv6 in a table of its own': {
    message: route.addDefaultRoute({ gateway: 'fd00::1', metric: 7, table: 101 }),
    bytes: `1800 0506 0a000000 00040001 00000000  08000f00 65000000
      14000500 fd000000 00000000 00000000 00000001  08000400 00000000  08000600 07000000`,
    deviceAt: [60],
    told: 'RTM_NEWROUTE default via fd00::1 table 101 metric 7',
  },
  'a default route less': {
    message: route.removeDefaultRoute({ gateway: '172.18.0.1', metric: 7 }),
    bytes: `1900 0500 02000000 00040001 00000000  08000f00 fe000000  08000500 ac120001
      08000400 00000000  08000600 07000000`,
    deviceAt: [48],
    told: 'RTM_DELROUTE default via 172.18.0.1 metric 7',
  },
  'the way of ::1': {
    message: route.addLoopbackRoute(),
    bytes: `1800 050c 0a800000 ff04fe02 00000000  14000100 ${NONE} 00000001
      08000400 00000000  08000600 00100000`,
    deviceAt: [52],
    told: 'RTM_NEWROUTE local ::1 table local metric 4096',
  },
  'a rule': {
    message: route.addSourceRule({ from: '172.18.0.5', table: 101, priority: 1000 }),
    bytes: `2000 0504 02002000 00000001 00000000  08000200 ac120005  08000f00 65000000  08000600 e8030000`,
    told: 'RTM_NEWRULE 1000: from 172.18.0.5 lookup 101',
  },
  'a rule less': {
    message: route.removeSourceRule({ from: 'fd00::5', table: 101, priority: 1000 }),
    bytes: `2100 0500 0a008000 00000001 00000000  14000200 fd000000 00000000 00000000 00000005
      08000f00 65000000  08000600 e8030000`,
    told: 'RTM_DELRULE 1000: from fd00::5 lookup 101',
  },
};

describe('golden messages', () => {
  test.each(Object.entries(GOLDEN))('%s', (_, { message, bytes, deviceAt = [], pidAt = [], told: words }) => {
    const made = datagram([message]);
    const [kind = '', flags = '', ...rest] = bytes.split(/\s+/);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(made.request.length);
    expect(hex(made.request)).toBe(`${size.toString('hex')}${kind}${flags}0100000000000000${rest.join('')}`);
    expect(made).toMatchObject({ deviceAt, pidAt });
    expect(told(0, made.request, 'dev0')).toEqual([words]);
  });

  test('an alias is as long as the kernel takes', () => {
    expect(datagram([link.describeLink('tr0', 'é'.repeat(200))]).request.length).toBe(32 + 8 + 4 + 256);
  });

  test.each(['', 'sixteen-letters!', 'ä'.repeat(8)])('%j is no name', (name) => {
    expect(() => link.takeOff(name)).toThrow('is no name of a network device');
  });

  test('what is no address or MAC is refused', () => {
    expect(() => link.addBridge({ name: 'b', mac: '02:42', mtu: 1 })).toThrow('is no MAC address');
    expect(() => route.addDefaultRoute({ gateway: 'gate', metric: 1 })).toThrow('is no address');
  });

  test('what is cut off is told as far as it goes', () => {
    for (const { message } of Object.values(GOLDEN)) {
      const { request } = datagram([message]);
      for (let size = 16; size < request.length; size += 4) {
        const cut = request.slice(0, size);
        new DataView(cut.buffer).setUint32(0, size, true);
        expect(told(0, cut)).toHaveLength(1);
      }
    }
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

describe('connections that are meant', () => {
  test.each([
    [
      'to udp 5353 of IPv4',
      flowsToPort(4, 'udp', 5353),
      `38000000 0101 0103 01000000 00000000  02000000
        18000180 14000280 05000100 11000000 06000300 14e90000  0c001980 08000100 28000000`,
    ],
    [
      'to 172.18.0.5',
      flowsToAddress('172.18.0.5'),
      `30000000 0101 0103 01000000 00000000  02000000  10000280 0c000180 08000100 ac120005
        0c001980 08000200 01000000`,
    ],
  ])('%s', (words, { request }, bytes) => {
    expect(hex(request)).toBe(bytes.replace(/\s/g, ''));
    expect(describeFlows(request)).toBe(words);
  });

  test('of others are told as far as they go', () => {
    expect(describeFlows(new Uint8Array(30))).toBe('to ?');
    expect(() => flowsToAddress('fd00::5')).toThrow('is no address of IPv4');
  });
});
