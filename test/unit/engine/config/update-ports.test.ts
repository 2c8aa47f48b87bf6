import { expect, test } from 'vitest';
import type { ContainerConfig, PortConfig } from '../../../../src/engine/config/types.ts';
import { changedPorts, type PortsChange } from '../../../../src/engine/config/update-ports.ts';

const tcp = (container: number, host?: number, more: Partial<PortConfig> = {}): PortConfig => ({
  protocol: 'tcp',
  container,
  count: 1,
  ...(host !== undefined && { host }),
  ...more,
});

const gone = (container: number, host?: number) => ({ protocol: 'tcp' as const, container, host });

const changed = (config: Partial<ContainerConfig>, change: PortsChange, bound = [] as { host: number }[]) => {
  const now = {
    exposed: ['80/tcp', '443/tcp'],
    bound: bound.map((one) => ({ protocol: 'tcp' as const, container: 80, ...one })),
  };
  const { ports, publishAll } = changedPorts({ image: 'x', ...config }, change, now);
  return { ports, publishAll };
};

test('ports are added behind those that there are', () => {
  expect(changed({ ports: [tcp(80, 8080)] }, { publish: [tcp(81)] })).toEqual({
    ports: [tcp(80, 8080), tcp(81)],
    publishAll: false,
  });
});

test.each([
  [
    'all of a port of the container',
    [tcp(80, 8080), tcp(80, 8081), tcp(81, 8082)],
    gone(80),
    [tcp(81, 8082)],
  ],
  ['one of the host', [tcp(80, 8080), tcp(80, 8081)], gone(80, 8081), [tcp(80, 8080)]],
  ['one of a range', [tcp(80, 8080, { count: 3 })], gone(81), [tcp(80, 8080), tcp(82, 8082)]],
])('%s goes', (_, ports, choice, left) => {
  expect(changed({ ports }, { unpublish: [choice] }).ports).toEqual(left);
});

test('of any free port the bound one is known', () => {
  const ports = [tcp(80)];
  expect(changed({ ports }, { unpublish: [gone(80, 40000)] }, [{ host: 40000 }]).ports).toEqual([]);
  expect(() => changed({ ports }, { unpublish: [gone(80, 40001)] }, [{ host: 40000 }])).toThrow('80/tcp');
});

test('of all that are exposed the others stay', () => {
  expect(changed({ publishAll: true, ports: [tcp(80, 8080)] }, { unpublish: [gone(443)] })).toEqual({
    ports: [tcp(80, 8080)],
    publishAll: false,
  });
  expect(changed({ publishAll: true }, { unpublish: [gone(443)] }).ports).toEqual([tcp(80)]);
});

test.each([['none'], ['host'], [{ container: 'other' }]] as const)('refused in the network %j', (network) => {
  expect(() => changed({ network }, { publish: [tcp(80)] })).toThrow('conflicting options: port publishing');
});
