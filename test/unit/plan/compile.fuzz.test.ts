import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TinyrunError } from '../../../src/errors.ts';
import { native } from '../../../src/native/index.ts';
import { compile } from '../../../src/plan/compile/index.ts';
import { decode } from '../../../src/plan/decode.ts';
import { encode } from '../../../src/plan/encode.ts';
import { explainPlan, planAsJson } from '../../../src/plan/explain.ts';
import { NO_SLOT, type Plan } from '../../../src/plan/types.ts';
import { CAPABILITIES, NAMESPACES, RLIMITS } from '../../../src/spec/linux.ts';
import type { LinuxNamespaceType, Mount, Spec } from '../../../src/spec/types.ts';
import { validateSpec } from '../../../src/spec/validate/index.ts';
import { HYBRID, NONE, ROOT, ROOTLESS, V2 } from '../../golden/plan/hosts.ts';
import { plan } from './samples.ts';

const some = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined });
const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const path = fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
const id = fc.integer({ min: 0, max: 65535 });
const names = (of: readonly string[]) => fc.subarray([...of]);

/** Leaves out what is undefined, as JSON does. */
const tidy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const mount: fc.Arbitrary<Mount> = fc.oneof(
  fc.record({
    destination: path,
    type: fc.constant('bind'),
    source: path,
    options: names(['rbind', 'ro', 'rro', 'nosuid', 'noatime', 'relatime', 'rslave', 'idmap', 'exec']),
    uidMappings: fc.constant([{ containerID: 0, hostID: 1000, size: 10 }]),
    gidMappings: fc.constant([{ containerID: 0, hostID: 1000, size: 10 }]),
  }),
  fc.record({
    destination: path,
    type: fc.constantFrom('tmpfs', 'devpts', 'mqueue', 'sysfs', 'cgroup', 'cgroup2', 'ext4'),
    source: word,
    options: names([
      'ro',
      'nodev',
      'strictatime',
      'mode=755',
      'size=1k',
      'tmpcopyup',
      'private',
      'gid=5',
      'sync',
    ]),
  }),
  fc.constant({ destination: '/proc', type: 'proc', source: 'proc' }),
);

const namespaces = fc
  .subarray(Object.keys(NAMESPACES) as LinuxNamespaceType[])
  .chain((types) =>
    fc.tuple(
      ...types.map((type) =>
        some(path).map((where) => (where === undefined ? { type } : { type, path: where })),
      ),
    ),
  )
  .map((list) =>
    [...list, { type: 'mount' as const }].filter(
      (ns, i, all) => all.findIndex((n) => n.type === ns.type) === i,
    ),
  );

const capabilities = names(CAPABILITIES);
const process = fc.record({
  terminal: fc.boolean(),
  consoleSize: fc.constant({ height: 24, width: 80 }),
  user: fc.record({
    uid: id,
    gid: id,
    umask: fc.constantFrom(0o22, 0o77),
    additionalGids: fc.array(id, { maxLength: 3 }),
  }),
  args: fc.array(
    fc.string({ minLength: 1 }).map((text) => text.replaceAll('\0', '0')),
    { minLength: 1, maxLength: 4 },
  ),
  env: fc.array(
    fc.tuple(word, word).map(([name, value]) => `${name}=${value}`),
    { maxLength: 4 },
  ),
  cwd: path,
  capabilities: some(
    capabilities.map((set) => ({
      bounding: set,
      effective: set,
      permitted: set,
      inheritable: set,
      ambient: set,
    })),
  ),
  rlimits: names(Object.keys(RLIMITS)).map((types) => types.map((type) => ({ type, soft: 10, hard: 2000 }))),
  noNewPrivileges: fc.boolean(),
  oomScoreAdj: some(fc.integer({ min: -1000, max: 1000 })),
});

const resources = fc.record({
  memory: some(fc.record({ limit: fc.integer({ min: 4096, max: 1 << 30 }) })),
  cpu: some(
    fc.record({ shares: fc.integer({ min: 2, max: 262144 }), quota: fc.integer({ min: 1000, max: 1e6 }) }),
  ),
  pids: some(fc.record({ limit: fc.integer({ min: -1, max: 1000 }) })),
  devices: some(
    fc.array(
      fc.record({
        allow: fc.boolean(),
        type: fc.constantFrom('a', 'b', 'c'),
        access: fc.constantFrom('r', 'rwm'),
      }),
      { maxLength: 4 },
    ),
  ),
});

const MAPS = [{ containerID: 0, hostID: 100000, size: 65536 }];

const spec: fc.Arbitrary<Spec> = fc
  .record({
    namespaces,
    process,
    mounts: fc.array(mount, { maxLength: 6 }),
    resources: some(resources),
    readonly: fc.boolean(),
    masked: fc.array(path, { maxLength: 3 }),
    hooks: some(
      fc.record({
        createRuntime: fc.array(fc.record({ path }), { maxLength: 1 }),
        createContainer: fc.array(fc.record({ path, timeout: fc.integer({ min: 1, max: 9 }) }), {
          maxLength: 2,
        }),
        startContainer: fc.array(fc.record({ path }), { maxLength: 2 }),
      }),
    ),
    seccomp: some(fc.constant({ defaultAction: 'SCMP_ACT_ERRNO' as const })),
    propagation: some(fc.constantFrom('shared', 'rslave', 'private', 'unbindable')),
    cgroupsPath: some(path),
  })
  .map(
    ({
      namespaces: list,
      process: run,
      mounts,
      resources: limits,
      readonly,
      masked,
      hooks,
      seccomp,
      propagation,
      cgroupsPath,
    }) => {
      const kinds = new Map(list.map((ns) => [ns.type, ns]));
      const user = kinds.get('user');
      return tidy({
        ociVersion: '1.2.0',
        process: run,
        root: { path: 'rootfs', readonly },
        ...(kinds.has('uts') ? { hostname: 'box' } : {}),
        mounts,
        hooks,
        linux: {
          namespaces: list,
          ...(user ? { uidMappings: MAPS, gidMappings: MAPS } : {}),
          resources: limits,
          maskedPaths: masked,
          seccomp,
          rootfsPropagation: propagation,
          cgroupsPath,
        },
      }) as unknown as Spec;
    },
  );

const host = fc.constantFrom(
  ROOT,
  { ...ROOT, cgroup: HYBRID },
  { ...ROOT, cgroup: NONE },
  { ...ROOT, inUserns: true, cgroup: V2 },
  ROOTLESS,
);
const wait = fc.constantFrom({ kind: 'exec' as const }, { kind: 'fifo' as const, path: '/run/fifo' });

/** What the interpreter relies on but the wire cannot say. */
function checkSlots({ steps }: Plan): void {
  const filled = new Set<number>();
  let passed: readonly number[] = [];
  const uses = (slot: number, lane: string) => {
    if (slot === NO_SLOT) return;
    expect(lane === 'host' ? filled.has(slot) : passed.includes(slot)).toBe(true);
  };
  for (const { op, lane, args } of steps) {
    if (
      op === 'open' ||
      op === 'openTree' ||
      op === 'openBelow' ||
      op === 'makeUserns' ||
      op === 'cgroupCreate'
    )
      filled.add(args.slot);
    if (op === 'openTree' || op === 'openBelow') uses(args.userns, lane);
    if ((op === 'openTree' || op === 'openBelow') && lane === 'container') passed = [...passed, args.slot];
    if (op === 'cgroupDevices') uses(args.slot, lane);
    if (op === 'clone') {
      uses(args.cgroup, lane);
      for (const slot of args.pass) uses(slot, lane);
      passed = args.pass;
    }
    if (op === 'borrowMount') {
      uses(args.mntns, lane);
      uses(args.root, lane);
      passed = [...passed, args.slot];
    }
    if (op === 'bind' || op === 'setns' || op === 'rootfsAttach') uses(args.slot, lane);
    if (op === 'awaitStart') uses(args.fifo, lane);
  }
}

test('a valid spec compiles, or is refused by a typed error; its plan survives the wire and the interpreter takes it', () => {
  let compiled = 0;
  fc.assert(
    fc.property(spec, host, wait, fc.boolean(), (given, facts, waiting, init) => {
      expect(validateSpec(given).errors).toEqual([]);
      let made: Plan;
      try {
        made = compile(given, facts, {
          id: 'c1',
          bundle: '/bundle',
          rootfs: { kind: 'directory', path: '/bundle/rootfs' },
          wait: waiting,
          onMissingController: 'warn',
          init,
          ...(given.linux?.seccomp ? { seccomp: { filter: new Uint8Array(16), flags: 0 } } : {}),
        }).plan;
      } catch (error) {
        expect(error).toBeInstanceOf(TinyrunError);
        return;
      }
      compiled++;
      checkSlots(made);
      const bytes = encode(made);
      expect(decode(bytes)).toEqual(
        made.steps.map(({ op, lane, args, mayFail }) => ({ op, lane, args, ...(mayFail && { mayFail }) })),
      );
      expect(native().checkPlan(bytes)).toEqual({ steps: made.steps.length });
      expect(explainPlan(made)).toContain('steps: ');
      expect(JSON.parse(planAsJson(made)).steps).toHaveLength(made.steps.length);
    }),
    { numRuns: 200 },
  );
  expect(compiled).toBeGreaterThan(100);
});

test('decode.ts and the interpreter agree on what is damaged, and why', () => {
  const faultOf = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(plan, damage, (given, changes) => {
      const bytes = Buffer.from(encode(given));
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      const ours = faultOf(() => decode(bytes)).replace(/^step \d+: /, '');
      const theirs = faultOf(() => native().checkPlan(bytes));
      expect(theirs).toContain(ours);
      expect(theirs === '').toBe(ours === '');
    }),
    { numRuns: 1000 },
  );
});
