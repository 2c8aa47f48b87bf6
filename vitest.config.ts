import { defineConfig } from 'vitest/config';

// Three projects: `unit` needs nothing but node_modules; `unit-addon` no root, but what `npm run build` makes;
// `integration` runs as root against the real kernel. Files run in parallel, so each owns its data root.

/** The unit tests that call the addon or run the commands: test/unit/without-addon.ts names one that is missing here. */
const ADDON = [
  'test/unit/engine/{rehearsal,sweep}.test.ts',
  'test/unit/native/*.test.ts',
  'test/unit/network/store.test.ts',
  'test/unit/network/lease.test.ts',
  'test/unit/image/{decompress,peer,tar-names}.test.ts',
  'test/unit/plan/compile.fuzz.test.ts',
  'test/unit/runtime/{attach,dir,execs,home,journal,kill,launch,pidfd,log/text}.test.ts',
  'test/unit/spec/seccomp-filter.test.ts',
  'test/unit/store/files.test.ts',
  'test/unit/tinyrunc/{container,output}.test.ts',
  'test/unit/volume/store.test.ts',
];

/** When a test is taken for hung. What it waits for itself, at most two minutes each, has then said what is missing. */
const PATIENCE = 240_000;

/** A bridge would be the host's: what tests networks has a host of its own, and says what it wants. */
const env = { TINYRUN_NETWORK: 'none' };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          env,
          include: ['test/unit/**/*.test.ts', 'test/golden/**/*.test.ts'],
          exclude: ADDON,
          setupFiles: ['test/unit/without-addon.ts'],
          // A process for each file takes twice the time of the tests.
          isolate: false,
          testTimeout: PATIENCE,
        },
      },
      { test: { name: 'unit-addon', env, include: ADDON, testTimeout: PATIENCE, isolate: false } },
      {
        test: {
          name: 'integration',
          env,
          include: ['test/{integration,security,faults}/**/*.test.ts'],
          testTimeout: PATIENCE,
          hookTimeout: PATIENCE,
          maxWorkers: 2,
        },
      },
    ],
  },
});
