import { defineConfig } from 'vitest/config';

// Two projects: `unit` needs no root and no build of the native side beyond the addon it imports;
// `integration` runs as root against the real kernel. Files run in parallel, so each owns its data root.

/** When a test is taken for hung. What it waits for itself, at most two minutes each, has then said what is missing. */
const PATIENCE = 240_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/golden/**/*.test.ts'],
          testTimeout: PATIENCE,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/{integration,security,faults}/**/*.test.ts'],
          testTimeout: PATIENCE,
          hookTimeout: PATIENCE,
          maxWorkers: 2,
        },
      },
    ],
  },
});
