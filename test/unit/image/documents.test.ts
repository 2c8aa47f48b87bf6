import { describe, expect, test } from 'vitest';
import { parseDocument } from '../../../src/image/documents.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1 };
const times = (count: number, entry: unknown) => Array.from({ length: count }, () => entry);
const parse = (document: object) =>
  parseDocument(Buffer.from(JSON.stringify({ schemaVersion: 2, ...document })), 'registry/image');

describe('what a registry sends is counted', () => {
  test('manifests of an index', () => {
    expect(parse({ manifests: times(1000, descriptor) })).toMatchObject({ kind: 'index' });
    expect(() => parse({ manifests: times(1001, descriptor) })).toThrow(
      'registry/image: it has 1001 manifests, at most 1000 are read',
    );
  });

  test('layers of a manifest', () => {
    expect(parse({ config: descriptor, layers: times(500, descriptor) })).toMatchObject({ kind: 'manifest' });
    expect(() => parse({ config: descriptor, layers: times(501, descriptor) })).toThrow(
      'registry/image: it has 501 layers, overlayfs takes 500',
    );
  });

  test('bytes and depth', () => {
    const deep = (levels: number) =>
      `{"schemaVersion":2,"x":${'['.repeat(levels)}${']'.repeat(levels)},"manifests":[]}`;
    expect(parseDocument(Buffer.from(deep(63)), 'x')).toMatchObject({ kind: 'index' });
    expect(() => parseDocument(Buffer.from(deep(64)), 'x')).toThrow('nested more than 64 deep');
    expect(() => parseDocument(Buffer.alloc((4 << 20) + 1, ' '), 'x')).toThrow('at most 4194304 are read');
  });
});
