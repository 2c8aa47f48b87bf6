import { expect, test } from 'vitest';
import {
  choosePlatform,
  formatPlatform,
  hostPlatform,
  normalise,
  parsePlatform,
} from '../../../src/image/platform.ts';
import type { Descriptor } from '../../../src/image/types.ts';

const offer = (...platforms: string[]): Descriptor[] =>
  platforms.map((text) => {
    const [os = '', architecture = '', variant] = text.split('/');
    return {
      mediaType: '',
      digest: text,
      size: 0,
      platform: { os, architecture, ...(variant && { variant }) },
    };
  });

const ALL = [
  'unknown/unknown',
  'linux/amd64',
  'linux/arm/v5',
  'linux/arm/v6',
  'linux/arm/v7',
  'linux/arm64/v8',
  'windows/amd64',
];

test.each([
  ['linux/amd64', 'linux/amd64'],
  ['amd64', 'linux/amd64'],
  ['x86_64', 'linux/amd64'],
  ['linux/arm64', 'linux/arm64/v8'],
  ['aarch64', 'linux/arm64/v8'],
  ['linux/arm/v7', 'linux/arm/v7'],
  ['linux/arm', 'linux/arm/v7'],
  ['armel', 'linux/arm/v6'],
  ['linux/s390x', undefined],
])('%s takes %s', (wanted, chosen) => {
  expect(choosePlatform(offer(...ALL), parsePlatform(wanted))?.digest).toBe(chosen);
});

test('an older variant is run by a newer one, not the other way round', () => {
  expect(choosePlatform(offer('linux/arm/v6'), parsePlatform('linux/arm/v7'))?.digest).toBe('linux/arm/v6');
  expect(choosePlatform(offer('linux/arm/v7'), parsePlatform('linux/arm/v6'))).toBeUndefined();
});

test('names of this machine', () => {
  expect(formatPlatform(hostPlatform('x64'))).toBe('linux/amd64');
  expect(formatPlatform(hostPlatform('arm64'))).toBe('linux/arm64');
  expect(normalise({ os: 'Linux', architecture: 'ARM64', variant: '8' })).toEqual({
    os: 'linux',
    architecture: 'arm64',
  });
});

test.each(['a/b/c/d', '', 'linux/', 'linux/am d64'])('%j is refused', (text) => {
  expect(() => parsePlatform(text)).toThrow('bad platform');
});
