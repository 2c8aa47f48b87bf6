import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { withDevices } from '../../../../src/engine/cdi/find.ts';
import { injectDevices } from '../../../../src/engine/cdi/inject.ts';
import { type CdiEdits, type CdiSpec, checkCdi, isQualified } from '../../../../src/engine/cdi/spec.ts';
import type { LinuxDevice, Spec } from '../../../../src/spec/types.ts';
import { read } from '../../cli/flags/support.ts';

const SPEC: Spec = {
  ociVersion: '1.2.1',
  process: { cwd: '/', env: ['A=1', 'B=2'], user: { uid: 1000, gid: 100, additionalGids: [100] } },
  mounts: [
    { destination: '/proc', type: 'proc' },
    { destination: '/a/b', type: 'tmpfs' },
  ],
  linux: { resources: { devices: [{ allow: false }] } },
};
const cdi = (containerEdits: CdiEdits, more: Partial<CdiSpec> = {}): CdiSpec => ({
  cdiVersion: '0.6.0',
  kind: 'vendor.com/device',
  devices: [{ name: 'one', containerEdits }],
  ...more,
});
const HOST: LinuxDevice = { path: '', type: 'c', major: 7, minor: 8, fileMode: 0o620, uid: 0, gid: 44 };
const deviceAt = (host: string, target: string) =>
  host === '/dev/there' ? { ...HOST, path: target } : undefined;
const inject = (edits: CdiEdits, names = ['vendor.com/device=one']) =>
  injectDevices(SPEC, names, [{ path: '/x.json', spec: cdi(edits) }], deviceAt);

describe('edits', () => {
  test.each<[string, CdiEdits, object]>([
    ['none', {}, SPEC],
    ['env replaces', { env: ['B=3', 'C=x=y'] }, { process: { env: ['A=1', 'B=3', 'C=x=y'] } }],
    [
      'groups, root never',
      { additionalGids: [44, 0, 100] },
      { process: { user: { uid: 1000, additionalGids: [100, 44] } } },
    ],
    [
      'a node that the host has, for a user of the container',
      { deviceNodes: [{ path: '/dev/in', hostPath: '/dev/there', permissions: 'rw' }] },
      {
        linux: {
          devices: [{ path: '/dev/in', type: 'c', major: 7, minor: 8, fileMode: 0o620, uid: 1000, gid: 100 }],
          resources: {
            devices: [{ allow: false }, { allow: true, type: 'c', major: 7, minor: 8, access: 'rw' }],
          },
        },
      },
    ],
    [
      'a node that is told in full',
      { deviceNodes: [{ path: '/dev/x', type: 'b', major: 1, minor: 2, fileMode: 0o600, uid: 3, gid: 4 }] },
      {
        linux: {
          devices: [{ path: '/dev/x', type: 'b', major: 1, minor: 2, fileMode: 0o600, uid: 3, gid: 4 }],
          resources: { devices: [{}, { allow: true, type: 'b', major: 1, minor: 2, access: 'rwm' }] },
        },
      },
    ],
    [
      'mounts, outer ones first; one replaces another',
      {
        mounts: [
          { hostPath: '/h/b', containerPath: '/a/b', options: ['ro', 'nosuid', 'bind'] },
          { hostPath: '/h/a', containerPath: '/a/' },
        ],
      },
      {
        mounts: [
          { destination: '/proc' },
          { destination: '/a', type: 'bind', source: '/h/a', options: ['rbind'] },
          { destination: '/a/b', type: 'bind', source: '/h/b', options: ['ro', 'nosuid', 'bind'] },
        ],
      },
    ],
    [
      'hooks',
      { hooks: [{ hookName: 'createContainer', path: '/bin/hook', args: ['hook', 'x'], timeout: 2 }] },
      { hooks: { createContainer: [{ path: '/bin/hook', args: ['hook', 'x'], timeout: 2 }] } },
    ],
  ])('%s', (_, edits, expected) => {
    expect(inject(edits)).toMatchObject(expected);
  });

  test('of a specification come once, and before those of its devices', () => {
    const spec = cdi(
      {},
      {
        containerEdits: { env: ['ALL=1', 'X=spec'], hooks: [{ hookName: 'startContainer', path: '/h' }] },
        devices: ['one', 'two'].map((name) => ({ name, containerEdits: { env: [`X=${name}`] } })),
      },
    );
    const names = ['one', 'two', 'one'].map((name) => `vendor.com/device=${name}`);
    const { process, hooks } = injectDevices(SPEC, names, [{ path: '/x.json', spec }], deviceAt);
    expect(process?.env).toEqual(['A=1', 'B=2', 'ALL=1', 'X=two']);
    expect(hooks).toEqual({ startContainer: [{ path: '/h' }] });
  });

  test.each<[CdiEdits, string]>([
    [{ intelRdt: {} }, 'intelRdt of a device is not supported'],
    [{ netDevices: [] }, 'netDevices of a device is not supported'],
    [{ hooks: [{ hookName: 'prestart', path: '/h' }] }, 'a prestart hook'],
    [{ deviceNodes: [{ path: '/dev/none' }] }, '/dev/none is no device on this host'],
    [{ deviceNodes: [{ path: '/dev/there', type: 'b' }] }, 'is no device of type b'],
  ])('%j is refused', (edits, words) => {
    expect(() => inject(edits)).toThrow(words);
  });

  test('devices that nobody has are all named', () => {
    const names = ['vendor.com/device=none', 'vendor.com/device=one', 'other.com/device=one'];
    expect(() => inject({}, names)).toThrow(
      'unresolvable CDI devices vendor.com/device=none, other.com/device=one',
    );
  });
});

describe('a specification', () => {
  test.each<[object | string, string]>([
    ['x', 'not an object'],
    [{ ...cdi({}), cdiVersion: '9.0.0' }, 'invalid version "9.0.0"'],
    [{ ...cdi({}), kind: 'vendor' }, 'invalid kind "vendor"'],
    [{ ...cdi({}), devices: 'x' }, 'is not what it should be'],
    [{ ...cdi({}), devices: [{ name: 'a' }, { name: 'a' }] }, 'multiple definitions of device "a"'],
    [cdi({ env: ['=x'] }), 'is not what it should be'],
    [cdi({ env: ['a\0=x'] }), 'is not what it should be'],
    [cdi({ deviceNodes: [{ path: 'dev/x' }] }), 'is not what it should be'],
    [cdi({ deviceNodes: [{ path: '/dev/x', permissions: 'x' }] }), 'is not what it should be'],
    [cdi({ additionalGids: [-1] }), 'is not what it should be'],
    [cdi({ hooks: [{ hookName: 'createContainer', path: 'rel' }] }), 'is not what it should be'],
  ])('%j is refused', (spec, words) => {
    expect(() => checkCdi(spec, '/x.json')).toThrow(words);
  });

  test('in full is taken, with what is not known yet', () => {
    const full = {
      ...cdi({ env: ['A=b'], mounts: [{ hostPath: '/a', containerPath: '/b' }] }),
      annotations: {},
    };
    expect(checkCdi({ ...full, later: 1 }, '/x.json')).toMatchObject(full);
  });
});

test.each([
  ['vendor.com/class=name', true],
  ['nvidia.com/gpu=0:1', true],
  ['v/c=n', true],
  ['/dev/zero', false],
  ['vendor.com/class=', false],
  ['vendor.com/class=a,b', false],
  ['vendor.com/cl.ass=a', false],
  ['1vendor/class=a', false],
])('%j is a qualified name: %s', (text, is) => {
  expect(isQualified(text)).toBe(is);
});

describe('files', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'cdi-'));
  const [high, low] = ['run', 'etc'].map((name) => path.join(root, name)) as [string, string];
  for (const directory of [high, low]) mkdirSync(directory);
  afterAll(() => rmSync(root, { recursive: true }));
  const write = (file: string, env: string, more: Partial<CdiSpec> = {}) =>
    writeFileSync(file, JSON.stringify(cdi({ env: [env] }, more)));
  const envOf = async () =>
    (await withDevices(SPEC, ['vendor.com/device=one'], [high, low])).process?.env?.at(-1);

  test('those made at boot come before those written down; two that say the same device are refused', async () => {
    write(path.join(low, 'a.json'), 'FROM=etc');
    expect(await envOf()).toBe('FROM=etc');
    write(path.join(high, 'a.json'), 'FROM=run');
    expect(await envOf()).toBe('FROM=run');
    write(path.join(low, 'b.json'), 'FROM=again');
    await expect(envOf()).rejects.toThrow(
      /conflicting device "vendor.com\/device=one" \(specs .*a\.json, .*b\.json\)/,
    );
    rmSync(path.join(low, 'b.json'));
    writeFileSync(path.join(low, 'c.json'), '{');
    await expect(envOf()).rejects.toThrow(/CDI specification .*c\.json: /);
    rmSync(path.join(low, 'c.json'));
    await expect(withDevices(SPEC, ['no name'], [])).rejects.toThrow(
      'vendorDevices[0]: invalid device name "no name"',
    );
    await expect(withDevices(SPEC, ['a/b=c'], [path.join(root, 'none')])).rejects.toThrow(
      'unresolvable CDI devices a/b=c',
    );
  });
});

describe('YAML', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'cdi-yaml-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const file = path.join(root, 'v.yaml');
  const injected = (text: string) => {
    writeFileSync(file, text);
    return withDevices(SPEC, ['vendor.com/device=one'], [root]);
  };
  const HEAD = 'cdiVersion: 0.6.0\nkind: vendor.com/device\n';

  test('is read as Go does: octal modes, anchors, merges', async () => {
    const { process, linux } = await injected(`${HEAD}
# as nvidia-ctk writes it, and people
containerEdits: &common
  env: [A=yaml, "NO=no"]
devices:
- name: one
  containerEdits:
    <<: *common
    deviceNodes:
    - {path: /dev/x, type: c, major: 1, minor: 3, fileMode: 0660, permissions: rw}
`);
    expect(process?.env).toEqual(['A=yaml', 'B=2', 'NO=no']);
    expect(linux?.devices).toMatchObject([{ path: '/dev/x', fileMode: 0o660 }]);
  });

  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
    .concat(
      [...'bcdefghij'].map(
        (name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[at]}`).join(', ')}]`,
      ),
    )
    .join('\n');
  test.each([
    ['what is no YAML', `${HEAD}devices: [`, /CDI specification .*v\.yaml:3: unexpected end/],
    ['a key twice', `${HEAD}kind: other\n`, /v\.yaml:3: duplicated mapping key/],
    ['a tag', `${HEAD}devices: !!js/function "x"\n`, /v\.yaml:3: unknown scalar tag/],
    ['aliases that stand for more than memory holds', `${HEAD}${bomb}`, /v\.yaml: more than 100000 values/],
    ['what has itself in it', `${HEAD}x: &a [*a]\n`, /v\.yaml: nested more than 20 deep/],
    ['depth', `${HEAD}x: ${'['.repeat(10_000)}`, /v\.yaml:3: nesting exceeded/],
    ['size', `${HEAD}#${' '.repeat(5 << 20)}`, /v\.yaml: larger than 4 MB/],
    ['a type', `${HEAD}devices: yes\n`, /v\.yaml: a field of its devices or containerEdits is not/],
    ['a number for a text', `${HEAD}devices: [{name: [1]}]\n`, /v\.yaml: a field of its devices/],
    ['no document', '', /v\.yaml: expected a document/],
    ['two documents', `${HEAD}---\n${HEAD}`, /v\.yaml: expected a single document/],
  ])('%s is refused', async (_, text, words) => {
    await expect(injected(text)).rejects.toThrow(words);
  });

  test('no prototype of ours is its', async () => {
    await injected(`${HEAD}__proto__: {polluted: 1}\ndevices: [{name: one}]\n`);
    expect(({} as Record<string, unknown>).polluted).toBe(undefined);
  });
});

describe('--gpus and --device', () => {
  test.each([
    ['all', ['all']],
    ['2', ['0', '1']],
    ['"device=0,GPU-1"', ['0', 'GPU-1']],
    ['capabilities=utility', ['0']],
    ['count=all,driver=nvidia', ['all']],
  ])('--gpus %s', (text, names) => {
    expect(read({ gpus: [text] }).vendorDevices).toEqual(names.map((name) => `nvidia.com/gpu=${name}`));
  });

  test.each([
    ['x', 'invalid count (x): value must be either "all" or an integer'],
    ['all,foo=1', "unexpected key 'foo' in 'foo=1'"],
    ['all,2', "gpu request key 'count' can be specified only once"],
    ['all,driver=other', 'could not select device driver "other"'],
    ['all,device=1', 'cannot set both Count and DeviceIDs'],
  ])('--gpus %s is refused', (text, words) => {
    expect(() => read({ gpus: [text] })).toThrow(words);
  });

  test('a name of a vendor is no path', () => {
    expect(read({ device: ['vendor.com/class=a', '/dev/zero'] })).toMatchObject({
      devices: [{ host: '/dev/zero' }],
      vendorDevices: ['vendor.com/class=a'],
    });
  });
});
