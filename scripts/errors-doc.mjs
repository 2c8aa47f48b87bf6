// Writes docs/errors.md from the table in src/errors.ts: `node scripts/errors-doc.mjs`. A test keeps the two equal.

import { readFileSync, writeFileSync } from 'node:fs';
import { isMain, readArguments } from './lib/usage.mjs';

const HEAD = `# Errors

Every error that tinyrun reports has a code and a hint. On a terminal it is two lines: what was tried and
what the kernel said, then what to do:

\`\`\`
tinyrun: mount proc on /proc (nosuid,noexec,nodev): EPERM: operation not permitted
  hint: tinyrun doctor checks the host point by point
\`\`\`

From the Node API it is a \`TinyrunError\` with \`code\`, \`message\`, \`hint\`, \`exitCode\`, \`status\` (HTTP's, as Docker's API
answers) and, where another error was behind it, \`cause\`. A value of a \`ContainerConfig\` that cannot be is a \`ConfigError\`, which
has the \`field\`, \`limits.memory\`, and the \`problem\`, too.

Exit codes are Docker's. \`run\` ends with the program's own, 128 + n after signal n; 125 when tinyrun itself failed, 126
for a program that may not be executed (\`COMMAND_NOT_EXECUTABLE\`), 127 for one that is not there
(\`COMMAND_NOT_FOUND\`). \`exec\` ends with its program's, too, 127 and 126 for what could not be started (with \`-d\` 1, as nobody waits for either). Every other command ends with 1 when something of it failed, and with 125 only for a flag that it
does not know or cannot read (\`FLAG\`), \`inspect\` with 64 for a template that does not parse (\`TEMPLATE_SYNTAX\`). \`exitCode\` is the one of \`run\`.

This page is generated from \`src/errors.ts\` by \`scripts/errors-doc.mjs\`, and a test keeps the two equal.

| code | status | what to do |
|---|---|---|
`;

/** The page for a table of errors. */
export function renderErrors(errors) {
  const rows = Object.entries(errors)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { status = 500, hint }]) => `| \`${code}\` | ${status} | ${hint.replaceAll('|', '\\|')} |\n`,
    );
  return HEAD + rows.join('');
}

async function readTable(path) {
  const { transform } = await import('esbuild');
  const { code } = await transform(readFileSync(path, 'utf8'), { loader: 'ts', format: 'esm' });
  const { ERRORS } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return ERRORS;
}

if (isMain(import.meta.url)) {
  readArguments();
  const table = await readTable(new URL('../src/errors.ts', import.meta.url));
  writeFileSync(new URL('../docs/errors.md', import.meta.url), renderErrors(table));
}
