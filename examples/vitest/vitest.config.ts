import { defineConfig } from 'vitest/config';

// Files run at the same time: each has a container of its own.
export default defineConfig({
  test: { include: ['test/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 60_000 },
});
