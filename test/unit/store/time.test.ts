import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rfc3339 } from '../../../src/store/time.ts';

it('says what Date.toISOString() says, from year 0 to 9999', () => {
  const known = ['0000-03-01', '1970-01-01', '2000-02-29', '2100-03-01', '2024-12-31', '9999-12-31'];
  for (const day of known) expect(rfc3339(Date.parse(`${day}T23:59:59.999Z`))).toBe(`${day}T23:59:59.999Z`);
  const [first, last] = [Date.parse('0000-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')];
  fc.assert(
    fc.property(fc.integer({ min: first, max: last }), (time) => {
      expect(rfc3339(time)).toBe(new Date(time).toISOString());
    }),
    { numRuns: 2000 },
  );
});
