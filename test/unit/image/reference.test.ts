import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  familiarReference,
  formatReference,
  parseNamed,
  parseReference,
} from '../../../src/image/reference.ts';

const D = `sha256:${'0123456789abcdef'.repeat(4)}`;

test.each([
  ['alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
  ['alpine:3.20', 'docker.io/library/alpine:3.20', 'alpine:3.20'],
  ['user/name', 'docker.io/user/name:latest', 'user/name:latest'],
  ['docker.io/alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
  ['index.docker.io/library/alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
  ['localhost/x', 'localhost/x:latest', 'localhost/x:latest'],
  ['localhost:5000/x', 'localhost:5000/x:latest', 'localhost:5000/x:latest'],
  ['host.example:5000/a/b__c/d-e.f:v1.2_3-x', 'host.example:5000/a/b__c/d-e.f:v1.2_3-x', undefined],
  ['[::1]:5000/x', '[::1]:5000/x:latest', undefined],
  [`alpine@${D}`, `docker.io/library/alpine@${D}`, `alpine@${D}`],
  [`host:80/a/b:t@${D}`, `host:80/a/b:t@${D}`, undefined],
  ['a--b', 'docker.io/library/a--b:latest', 'a--b:latest'],
])('%s is %s', (text, full, familiar) => {
  expect(formatReference(parseReference(text))).toBe(full);
  expect(familiarReference(parseReference(text))).toBe(familiar ?? full);
});

test.each([
  ['', 'empty'],
  ['Alpine', 'must be lowercase'],
  ['host.example/Team/x', 'must be lowercase'],
  ['alpine:', 'bad tag'],
  ['alpine:-x', 'bad tag'],
  [`alpine:${'x'.repeat(129)}`, 'bad tag'],
  ['alpine@sha256:abc', 'bad digest'],
  [`alpine@${D.toUpperCase()}`, 'bad digest'],
  ['a//b', 'is empty'],
  ['/a', 'is empty'],
  ['a/', 'is empty'],
  ['a_', 'bad repository name'],
  ['a___b', 'bad repository name'],
  ['-a', 'bad repository name'],
  ['a b', 'bad repository name'],
  ['../../etc', 'bad registry host'],
  ['ho_st.x/a', 'bad registry host'],
  ['host:port/a', 'bad registry host'],
  ['x/'.repeat(140).slice(0, -1), 'longer than 255'],
  ['0123456789abcdef'.repeat(4), 'image id'],
])('%s is refused', (text, why) => {
  expect(() => parseReference(text)).toThrow(why);
});

describe('properties', () => {
  const word = fc.stringMatching(/^[a-z0-9]+([._-][a-z0-9]+)?$/);
  const name = fc.array(word, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const tag = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}$/);

  test('what is printed parses to the same', () => {
    fc.assert(
      fc.property(name, tag, (path, tagged) => {
        const reference = parseReference(`host.example:5000/${path}:${tagged}`);
        expect(parseReference(formatReference(reference))).toEqual(reference);
        expect(parseReference(familiarReference(reference))).toEqual(reference);
      }),
    );
  });

  test('any text is parsed or refused by an error of ours', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseNamed(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_REFERENCE' });
        }
      }),
    );
  });
});
