// node scripts/lib/write-examples.mjs DIRECTORY ENDING: every example of the public API as a module of its own there.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modules } from './examples.mjs';

const [, , directory = '.', ending = 'ts'] = process.argv;
for (const { name, text } of modules()) writeFileSync(join(directory, `${name}.${ending}`), text);
