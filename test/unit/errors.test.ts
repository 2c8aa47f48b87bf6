import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
// @ts-expect-error a plain script, without types
import { renderErrors } from '../../scripts/errors-doc.mjs';
import { ERRORS, type ErrorCode, TinyrunError } from '../../src/errors.ts';

describe('the table of errors', () => {
  it('is what docs/errors.md says (node scripts/errors-doc.mjs writes it)', () => {
    const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    expect(page).toBe(renderErrors(ERRORS));
  });

  it.each(Object.entries(ERRORS))('%s has a hint, and ends run with 125 to 127', (code, { hint }) => {
    expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
    const special: Record<string, number> = { COMMAND_NOT_EXECUTABLE: 126, COMMAND_NOT_FOUND: 127 };
    expect(new TinyrunError(code as ErrorCode, 'x').exitCode).toBe(special[code] ?? 125);
    expect(hint).toMatch(/^[^A-Z\s].*(\.\.|[^.\s])$/);
  });

  it.each([
    ['USAGE', 400],
    ['SPEC_INVALID', 400],
    ['COMMAND_NOT_FOUND', 400],
    ['CONTAINER_NOT_FOUND', 404],
    ['IMAGE_NOT_FOUND', 404],
    ['REGISTRY_DENIED', 404],
    ['NAME_IN_USE', 409],
    ['CONTAINER_RUNNING', 409],
    ['CONTAINER_NOT_RUNNING', 409],
    ['UNSUPPORTED', 501],
    ['SYSCALL', 500],
    ['CLEANUP', 500],
  ] as const)('%s is %i to a client of an API', (code, status) => {
    expect(new TinyrunError(code, 'x').status).toBe(status);
  });

  it('gives an error its exit code and hint', () => {
    const error = new TinyrunError('COMMAND_NOT_FOUND', 'exec x: no such file', {
      cause: new Error('ENOENT'),
    });
    expect(error).toMatchObject({ exitCode: 127, hint: ERRORS.COMMAND_NOT_FOUND.hint, name: 'TinyrunError' });
    expect(error.cause).toBeInstanceOf(Error);
    expect(new TinyrunError('USAGE' as ErrorCode, 'x', { hint: 'mine' }).hint).toBe('mine');
  });
});
