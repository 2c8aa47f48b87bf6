import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { TinyrunError } from '../../../src/errors.ts';
import { resolverPlan, resolverUser } from '../../../src/network/names/confinement.ts';
import {
  endpointContribution,
  namesContribution,
  servedAgain,
} from '../../../src/network/names/contribution.ts';
import { hostsLines, namesIn } from '../../../src/network/names/file.ts';
import { namePlaces } from '../../../src/network/names/places.ts';
import { hardFiles } from '../../../src/network/names/resolver.ts';
import { namesTable } from '../../../src/network/names/table.ts';
import { viewText } from '../../../src/network/names/view.ts';
import { describe as tell } from '../../../src/plan/netlink/describe.ts';
import type { Step } from '../../../src/plan/types.ts';

const places = namePlaces('/run/t');
const view = { container: 'c1', networks: ['n1', 'n2'] };

const refused = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    if (error instanceof TinyrunError) return error.message;
  }
  return 'not refused';
};

describe('hostsLines', () => {
  test('are one for each address, in lower case, each name once', () => {
    expect(hostsLines({ addresses: ['172.18.0.5', 'fd00::5'], names: ['Web', 'web', 'web.front'] })).toBe(
      '172.18.0.5 web web.front\nfd00::5 web web.front\n',
    );
    expect(hostsLines({ addresses: [], names: ['web'] })).toBe('');
  });

  test.each([['a b'], ['a\nb'], ['a#'], [''], ['a\0'], ['x'.repeat(254)]])('%j is no name', (name) => {
    expect(refused(() => hostsLines({ addresses: ['10.0.0.1'], names: [name] }))).toMatch(
      'is no name of a host',
    );
  });

  test('are no more than the resolver keeps', () => {
    const names = Array.from({ length: 500 }, (_, i) => `alias-${i}`);
    expect(refused(() => hostsLines({ addresses: ['10.0.0.1'], names }))).toMatch('500 names of an endpoint');
  });
});

test('the first name of an endpoint is its container’s', () => {
  const id = '4f1c'.repeat(16);
  expect(namesIn('front', { name: 'web', id, aliases: ['pool'] })).toEqual([
    ...['web', 'web.front', 'pool', 'pool.front', '4f1c4f1c4f1c', '4f1c4f1c4f1c.front'],
  ]);
});

describe('viewText', () => {
  test('has a line for each', () => {
    expect(viewText({ ...view, links: { Friend: 'Web' }, servers: ['10.0.0.53', 'fd00::53'] })).toBe(
      'network n1 n2\nname friend=web\nserver 10.0.0.53\nserver fd00::53\n',
    );
  });

  test('asks nobody from an internal network, but servers of its own', () => {
    expect(viewText({ ...view, isInternal: true })).toBe('network n1 n2\nforward no\n');
    expect(viewText({ ...view, isInternal: true, servers: ['10.0.0.53'] })).toBe(
      'network n1 n2\nserver 10.0.0.53\n',
    );
  });

  test('is no more than the resolver keeps', () => {
    const many = Array.from({ length: 33 }, (_, i) => `n${i}`);
    expect(refused(() => viewText({ ...view, networks: many }))).toMatch('keeps 32 networks');
    expect(refused(() => viewText({ ...view, servers: many.slice(0, 9) }))).toMatch('keeps 8 servers');
  });
});

describe('contributions', () => {
  const shape = (steps: readonly Step[] = []) =>
    steps.map(({ op, lane, undo = [] }) =>
      [op, lane, ...undo.map((each) => JSON.stringify(each.args))].join(' '),
    );

  test('a container’s: its view and the way to the resolver, its names, its sockets', () => {
    const made = namesContribution(places, view, [
      { network: 'n1', addresses: ['10.0.0.5'], names: ['web'] },
    ]);
    expect(shape(made.before)).toEqual(['replaceFile host {"path":"/run/t/names/views/c1"}', 'dial host']);
    expect(shape(made.born)).toEqual(['replaceFile host {"path":"/run/t/names/n1/c1"}']);
    expect(shape(made.inside)).toEqual(['netlink container', 'serve container']);
    expect(made).toMatchObject({ slots: 1, passed: [0] });
  });

  test('a further endpoint’s, and what serves again', () => {
    const further = endpointContribution(places, 'c1', {
      network: 'n2',
      addresses: ['10.1.0.5'],
      names: ['web'],
    });
    expect(shape(further.born)).toEqual(['replaceFile host {"path":"/run/t/names/n2/c1"}']);
    const again = servedAgain(places, 'c1');
    expect([...shape(again.before), ...shape(again.inside)]).toEqual(['dial host', 'serve container']);
  });
});

test('the table of a container is always the same', () => {
  const { protocol, request } = namesTable();
  expect(createHash('sha256').update(request).digest('hex')).toBe(
    'f9797ed209ba6aaf7d816838b78462e92b8999ba345205da67fe2c7fd199d003',
  );
  expect(tell(protocol, request)).toEqual([
    'NFNL_MSG_BATCH_BEGIN',
    'NFT_MSG_NEWTABLE tinyrun-names',
    'NFT_MSG_NEWCHAIN tinyrun-names output',
    ...Array.from({ length: 4 }, () => 'NFT_MSG_NEWRULE tinyrun-names output'),
    'NFNL_MSG_BATCH_END',
  ]);
});

describe('the resolver', () => {
  test.each([
    ['0 0 4294967295', 0x8000_0035],
    ['0 100000 65536', 65534],
    ['0 1000 1', 0],
    ['0 0 1\n65534 65534 1', 65534],
  ])('of a user namespace %j is user %i', (map, uid) => {
    expect(resolverUser(`         ${map}\n`)).toBe(uid);
  });

  test('may have as many files as its starter', () => {
    expect(
      hardFiles('Limit\nMax open files            1024                 524288               files\n'),
    ).toBe(524288n);
    expect(hardFiles('Max open files            1024                 unlimited            files\n')).toBe(
      2n ** 64n - 1n,
    );
  });

  test('gives up what it has before it is itself', () => {
    const filter = { filter: new Uint8Array(8), flags: 0 };
    const { steps } = resolverPlan({ directory: '/n', conf: '/c', uid: 7, files: 9n, filter });
    const ops = steps.filter(({ lane }) => lane === 'container').map(({ op }) => op);
    expect(ops.slice(-6)).toEqual(['capBounding', 'setUser', 'capSet', 'noNewPrivs', 'seccomp', 'execve']);
    expect(ops.indexOf('closeFds')).toBeLessThan(ops.indexOf('setUser'));
  });
});
