import { expect, test } from 'vitest';
import { bindings, boundPorts } from '../../../src/network/ports.ts';

const one = { protocol: 'tcp' as const, container: 80, count: 1 };
const never = () => false;

test('ports in a row, each to its own', () => {
  const wanted = [{ ...one, host: 9000, count: 3 }];
  expect(boundPorts(wanted, never, () => 0).map(({ host, container }) => [host, container])).toEqual([
    [9000, 80],
    [9001, 81],
    [9002, 82],
  ]);
});

test('one of several is the first that is free, also of those of the same container', () => {
  const choice = { ...one, host: 8000, choices: 3 };
  const bound = boundPorts(
    [choice, choice],
    (_, port) => port === 8000,
    () => 0,
  );
  expect(bound.map(({ host }) => host)).toEqual([8001, 8002]);
  // whoever binds it says that it is taken
  expect(
    boundPorts(
      [choice],
      () => true,
      () => 0,
    )[0]?.host,
  ).toBe(8000);
});

test('one that is left to us is free, of its own protocol', () => {
  const numbers = [1, 2, 3][Symbol.iterator]();
  const taken = (protocol: string, port: number) => protocol === 'tcp' && port < 3;
  expect(boundPorts([one], taken, () => numbers.next().value ?? 0)[0]?.host).toBe(3);
  expect(boundPorts([{ ...one, protocol: 'udp' }], taken, () => 1)[0]?.host).toBe(1);
});

test('where nothing is said a port is bound in both families, where the network says so there', () => {
  const port = { protocol: 'tcp' as const, container: 80, host: 8080 };
  const addresses = (bindHost: string | undefined, ipv6 = true) =>
    bindings([port], { ...(bindHost && { bindHost }) }, { ipv6 }).map(({ address }) => address);
  expect(addresses(undefined)).toEqual(['0.0.0.0', '::']);
  expect(addresses(undefined, false)).toEqual(['0.0.0.0']);
  expect(addresses('127.0.0.1')).toEqual(['127.0.0.1']);
  expect(bindings([{ ...port, address: '::1' }], {}, { ipv6: true })[0]?.address).toBe('::1');
});
