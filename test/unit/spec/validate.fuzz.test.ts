import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultSpec } from '../../../src/spec/defaults.ts';
import { specTemplate } from '../../../src/spec/template.ts';
import { validateSpec } from '../../../src/spec/validate/index.ts';

const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Every place in a JSON value, as the keys that lead there. */
function places(value: unknown, trail: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [trail];
  return [trail, ...Object.entries(value).flatMap(([key, item]) => places(item, [...trail, key]))];
}

function replaceAt(root: unknown, trail: readonly (string | number)[], value: unknown): unknown {
  if (trail.length === 0) return value;
  let holder = root as Record<string, unknown>;
  for (const key of trail.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  holder[String(trail[trail.length - 1])] = value;
  return root;
}

const rich = () => ({
  ...clone(defaultSpec()),
  hostname: 'h',
  hooks: { poststop: [{ path: '/bin/true', args: ['true'], env: ['A=b'], timeout: 5 }] },
  annotations: { a: 'b' },
  linux: {
    ...clone(defaultSpec().linux),
    namespaces: ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'].map((type) => ({ type })),
    uidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
    gidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
    timeOffsets: { monotonic: { secs: 1, nanosecs: 2 } },
    devices: [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229 }],
    seccomp: {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [{ names: ['a'], action: 'SCMP_ACT_ALLOW', args: [] }],
    },
    intelRdt: { closID: 'a', schemata: ['L3:0=f'], enableMonitoring: true },
    memoryPolicy: { mode: 'MPOL_BIND', nodes: '0-1', flags: ['MPOL_F_STATIC_NODES'] },
    personality: { domain: 'LINUX' },
    netDevices: { eth0: { name: 'eth1' } },
  },
});

describe('validateSpec, fuzzed', () => {
  it('holds for the sound spec that is broken below', () =>
    expect(validateSpec(rich())).toMatchObject({ errors: [], warnings: [] }));

  it('never throws on any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const verdict = validateSpec(value);
        for (const problem of [...verdict.errors, ...verdict.warnings]) expect(problem.message).not.toBe('');
      }),
      { numRuns: 500 },
    );
  });

  it('never throws on a sound spec with one value replaced, and names a place in it', () => {
    const trails = places(rich());
    fc.assert(
      fc.property(fc.constantFrom(...trails), fc.jsonValue({ maxDepth: 3 }), (trail, value) => {
        for (const { path, message } of validateSpec(replaceAt(rich(), trail, clone(value))).errors) {
          expect(path + message).not.toMatch(/undefined|\[object/);
          expect(path.length + message.length).toBeLessThan(1000);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is not fooled by names of Object.prototype', () => {
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const hostile = JSON.parse(`{"ociVersion":"1.2.0","root":{"path":"r"},"process":{"cwd":"/","args":["a"],
        "rlimits":[{"type":"${key}","hard":1,"soft":1}]},"linux":{"namespaces":[{"type":"${key}"}]}}`);
      expect(validateSpec(hostile).errors).toHaveLength(2);
    }
  });

  it('keeps a valid spec valid when fields it does not know are added', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^x[a-z]{3,8}$/), fc.jsonValue({ maxDepth: 3 }), (key, value) => {
        expect(validateSpec({ ...clone(specTemplate(true)), [key]: value }).errors).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
