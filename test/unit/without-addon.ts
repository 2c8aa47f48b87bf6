// What the project `unit` runs needs no build: the addon is not loaded there even where it is built.
import { basename } from 'node:path';

const { dlopen } = process;
// once for all files that one process runs
if (dlopen.name !== 'withoutAddon')
  process.dlopen = function withoutAddon(module: object, path: string, ...flags: number[]) {
    if (basename(path) === 'tinyrun.node')
      throw new Error('a test that needs it is listed in vitest.config.ts');
    return dlopen(module, path, ...flags);
  };
