import { describe, expect, it } from 'vitest';
import { checkId, containerDir } from '../../../src/tinyrunc/container.ts';

describe('ids', () => {
  it.each(['a', 'A_b+c-d.e', 'x'.repeat(1024), '0'])('takes %s', (id) => checkId(id));
  it.each(['', '.', '..', '../x', 'a/b', 'a b', 'é', '~a', 'x'.repeat(1025), 'a\0'])('refuses %j', (id) => {
    expect(() => checkId(id)).toThrow(/container id cannot be empty|invalid container ID format/);
  });

  it('have a directory whose name a file system can hold, and no two the same', () => {
    const long = 'x'.repeat(1024);
    expect(containerDir('/r', 'a')).toBe('/r/a');
    expect(containerDir('/r', long).length).toBeLessThan(255);
    expect(containerDir('/r', long)).not.toBe(containerDir('/r', `${long.slice(1)}y`));
  });
});
