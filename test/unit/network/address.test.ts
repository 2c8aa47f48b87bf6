import { expect, test } from 'vitest';
import { addressOf, familyOf, isWithin, numberOf, rangeOf } from '../../../src/network/address.ts';

test.each([
  ['0.0.0.0'],
  ['172.18.0.5'],
  ['255.255.255.255'],
  ['::'],
  ['::1'],
  ['fd00::'],
  ['fd00::5'],
  ['2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1'],
  ['10:0:0:1::a0'],
  ['1:0:2::10'],
])('%s is itself again', (text) => {
  expect(addressOf(numberOf(text), familyOf(text))).toBe(text);
});

test('a subnet is a range, whatever host of it is named', () => {
  expect(rangeOf('172.18.3.4/16')).toEqual({
    family: 4,
    first: numberOf('172.18.0.0'),
    last: numberOf('172.18.255.255'),
  });
  expect(rangeOf('fd00::1/64').last).toBe(numberOf('fd00::ffff:ffff:ffff:ffff'));
  expect(rangeOf('0.0.0.0/0').last).toBe(numberOf('255.255.255.255'));
});

test('within is of one family', () => {
  expect(isWithin('10.0.0.255', '10.0.0.0/24')).toBe(true);
  expect(isWithin('10.0.1.0', '10.0.0.0/24')).toBe(false);
  expect(isWithin('::a00:1', '10.0.0.0/8')).toBe(false);
});
