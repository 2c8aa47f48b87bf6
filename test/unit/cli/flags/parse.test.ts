import { describe, expect, test } from 'vitest';
import { inherit, parseEnvFile } from '../../../../src/cli/flags/parse/env.ts';
import { parseSize } from '../../../../src/cli/flags/parse/number.ts';
import type { Given } from '../../../../src/cli/flags/word.ts';
import { mountsOf } from '../../../../src/engine/config/mounts.ts';
import { read, taken } from './support.ts';

describe('sizes', () => {
  test.each([
    ['0', 0],
    ['512', 512],
    ['1b', 1],
    ['1k', 1024],
    ['64m', 64 * 2 ** 20],
    ['64MB', 64 * 2 ** 20],
    ['1.5g', 1.5 * 2 ** 30],
    ['2 GiB', 2 * 2 ** 30],
  ])('%s', (text, bytes) => expect(parseSize(text, '-m')).toBe(bytes));

  test.each(['lots', '', '-1', '1x', '1kk', 'NaN', '0x10', '99999999p'])('%j is refused', (text) =>
    expect(() => parseSize(text, '--memory')).toThrow(`--memory ${JSON.stringify(text)}: not a size`),
  );
});

describe('env', () => {
  test('a name alone takes the caller’s value, or removes', () => {
    const host = { TERM: 'vt100' };
    expect(['A=1', 'TERM', 'GONE'].map((entry) => inherit(entry, host))).toEqual([
      'A=1',
      'TERM=vt100',
      'GONE',
    ]);
  });

  test('files: comments, blanks, verbatim values, a byte order mark', () => {
    const text = '\uFEFF# comment\n\n  A=1 # not a comment\nB="quoted"\r\nHOME\nGONE\nC=a=b\n';
    expect(parseEnvFile(Buffer.from(text), 'f', { HOME: '/h' })).toEqual([
      'A=1 # not a comment',
      'B="quoted"',
      'HOME=/h',
      'C=a=b',
    ]);
  });

  test.each([
    ['=x', /line 1 has no variable name/],
    ['A=1\nB C=2', /line 2: variable "B C" contains whitespace/],
  ])('%j is refused', (text, message) =>
    expect(() => parseEnvFile(Buffer.from(text), 'f', {})).toThrow(message),
  );

  test.each([
    ['A=1\nB=\xff\xfe\n', 2],
    ['\xff', 1],
    ['# \xff\nA=1', 1],
    ['A=\xc3\nB=\xa9', 1],
  ])('bytes that are no UTF-8: %j', (text, line) =>
    expect(() => parseEnvFile(Buffer.from(text, 'latin1'), 'f', {})).toThrow(
      `--env-file f: invalid utf8 bytes at line ${line}`,
    ),
  );
});

describe('mounts', () => {
  const of = (flags: Given) => taken(flags, (config) => mountsOf(config.mounts ?? []));
  test('-v', () => {
    expect(of({ volume: ['./a:/b:ro'] })).toMatchObject([
      { destination: '/b', type: 'bind', source: '/cwd/a', options: ['rbind', 'ro', 'rro', 'rprivate'] },
    ]);
    for (const text of ['/a:/b:huh', '/a:b', '/a:/', '/a:/b:ro:x', ':/b'])
      expect(() => of({ volume: [text] })).toThrow(`--volume ${JSON.stringify(text)}: `);
    expect(read({ volume: ['name:/b:ro,nocopy,z', '/c'] }).mounts).toEqual([
      { kind: 'volume', name: 'name', target: '/b', readOnly: true, relabel: 'z', noCopy: true },
      { kind: 'volume', target: '/c' },
    ]);
    for (const text of ['name:/b:rslave', 'name:/b:ro,rw', 'na/me:/b'])
      expect(() => of({ volume: [text] })).toThrow(`--volume ${JSON.stringify(text)}: `);
  });
  test('--mount', () => {
    expect(read({ mount: ['type=bind,src=/a,dst=/b,ro'] }).mounts).toEqual([
      { kind: 'bind', source: '/a', target: '/b', readOnly: true, recursive: true },
    ]);
    expect(of({ mount: ['type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=700'] })).toMatchObject([
      { type: 'tmpfs', options: ['noexec', 'nosuid', 'nodev', 'size=1048576', 'mode=700'] },
    ]);
    expect(() => of({ mount: ['type=bind,src=/a'] })).toThrow(/target/);
    expect(() => of({ mount: ['type=bind,dst=/a'] })).toThrow(/field Source must not be empty/);
    expect(() => of({ mount: ['type=bind,src=/a,dst=/b,what=1'] })).toThrow(/unexpected key 'what'/);
    const volume = 'type=volume,src=v,dst=/b,ro,volume-nocopy,volume-label=a=1,volume-label=b';
    expect(read({ mount: [volume] }).mounts).toEqual([
      {
        asMount: true,
        kind: 'volume',
        name: 'v',
        target: '/b',
        readOnly: true,
        noCopy: true,
        labels: { a: '1', b: '' },
      },
    ]);
    expect(read({ mount: ['dst=/b,volume-subpath=x,volume-opt=o=a=b'] }).mounts).toEqual([
      { kind: 'volume', target: '/b', options: { o: 'a=b' }, subpath: 'x', asMount: true },
    ]);
  });
  test('--tmpfs', () => {
    expect(read({ tmpfs: ['/t:size=1m,exec', '/u'] }).mounts).toEqual([
      { kind: 'tmpfs', target: '/t', options: ['size=1m', 'exec'] },
      { kind: 'tmpfs', target: '/u' },
    ]);
    expect(() => of({ tmpfs: ['/t:bogus'] })).toThrow('--tmpfs "/t:bogus": invalid tmpfs option "bogus"');
    expect(() => of({ tmpfs: ['t'] })).toThrow(/absolute/);
  });
});

test('security options', () => {
  const of = (...securityOpt: string[]) => read({ securityOpt }).security;
  expect(of('seccomp=unconfined', 'no-new-privileges', 'apparmor:foo', 'label=disable')).toMatchObject({
    seccomp: 'unconfined',
    noNewPrivileges: true,
    apparmor: 'foo',
    labels: ['disable'],
  });
  expect(of('no-new-privileges:false')?.noNewPrivileges).toBe(false);
  for (const text of ['x', 'seccomp=', 'no-new-privileges=maybe', 'seccomp=/nonexistent'])
    expect(() => of(text)).toThrow(/--security-opt/);
});

test('labels, devices, hosts, namespaces', () => {
  expect(read({ label: ['a', 'b=c=d'], annotation: ['__proto__=x'] })).toMatchObject({
    labels: { a: '', b: 'c=d' },
    annotations: Object.fromEntries([['__proto__', 'x']]),
  });
  expect(() => read({ label: ['=x'] })).toThrow('--label "=x": no key');
  expect(read({ device: ['/dev/zero:r', '/dev/zero:/dev/z:', '/dev/fuse'] }).devices).toEqual([
    { host: '/dev/zero', path: '/dev/zero', access: 'r' },
    { host: '/dev/zero', path: '/dev/z', access: '' },
    { host: '/dev/fuse', path: '/dev/fuse', access: undefined },
  ]);
  expect(() => read({ device: ['zero'] })).toThrow('--device "zero": not HOST');
  expect(read({ addHost: ['db=[::1]', 'db:::1'] }).names?.hosts).toEqual([
    { name: 'db', address: '::1' },
    { name: 'db', address: '::1' },
  ]);
  expect(read({ net: ['default'], pid: 'container:x', ipc: 'none', userns: 'auto', uts: '' })).toMatchObject({
    network: undefined,
    namespaces: { pid: { container: 'x' }, ipc: 'none', user: 'private', uts: undefined },
  });
  expect(read({ entrypoint: '' }).entrypoint).toEqual([]);
});
