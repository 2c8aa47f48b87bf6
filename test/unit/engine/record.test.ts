import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { containerPaths } from '../../../src/engine/layout.ts';
import { readRecord } from '../../../src/engine/record.ts';
import { fromVersion1, type RecordV1 } from '../../../src/engine/record-v1.ts';
import { writeFileAtomic } from '../../../src/store/atomic.ts';
import { ensureDir } from '../../../src/store/paths.ts';

const home = mkdtempSync(path.join(tmpdir(), 'tinyrun-record-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const roots = { dataRoot: path.join(home, 'data'), runRoot: path.join(home, 'run') };

/** As tinyrun 0.1 wrote it. */
const OLD: RecordV1 = {
  version: 1,
  id: 'a'.repeat(64),
  name: 'web',
  image: 'shop:1',
  imageId: 'sha256:aaa',
  created: '2026-01-02T03:04:05.000Z',
  args: ['sh', '-c', 'true'],
  labels: { team: 'web' },
  hostname: 'h',
  tty: true,
  rm: false,
  stopSignal: 'SIGRTMIN+3',
  layers: ['/l/1'],
  mounts: [{ source: '/x', destination: '/y' }],
  network: 'host',
  exit: { code: 3, finished: '2026-01-02T03:08:05.000Z', oomKilled: false },
};

test('a record of version 1 says as one of today what it knew, and no more', () => {
  expect(fromVersion1(OLD)).toEqual({
    version: 2,
    id: OLD.id,
    name: 'web',
    created: OLD.created,
    config: {
      image: 'shop:1',
      entrypoint: [],
      args: OLD.args,
      tty: true,
      autoRemove: false,
      hostname: 'h',
      labels: { team: 'web' },
      network: 'host',
    },
    image: { id: 'sha256:aaa', layers: ['/l/1'] },
    argv: OLD.args,
    hostname: 'h',
    labels: { team: 'web' },
    stopSignal: 37,
    mounts: OLD.mounts,
    partial: true,
    exit: OLD.exit,
  });
  // of which other container it had the network, or whether it had one, nobody knows any more
  expect(fromVersion1({ ...OLD, network: '' }).config.network).toEqual({ container: '' });
  const { mounts, network, ...older } = OLD;
  expect(fromVersion1(older)).toMatchObject({ mounts: [], config: { network: { container: '' } } });
});

function stored(record: unknown) {
  ensureDir(containerPaths(roots, OLD.id).data);
  writeFileAtomic(containerPaths(roots, OLD.id).record, JSON.stringify(record));
  return readRecord(roots, OLD.id);
}

test('the version is looked at: 1 is read as 2, another is damage, never guessed', () => {
  expect(readRecord(roots, OLD.id)).toBeUndefined();
  expect(stored(OLD)).toEqual(fromVersion1(OLD));
  expect(stored(fromVersion1(OLD))).toEqual(fromVersion1(OLD));
  for (const version of [0, 3, '2', null, undefined])
    expect(() => stored({ ...fromVersion1(OLD), version })).toThrow(
      expect.objectContaining({
        code: 'STATE_DAMAGED',
        message: expect.stringContaining('versions 1 and 2'),
      }),
    );
  for (const other of [null, [], 'x', { ...OLD, id: 'b' }, { ...OLD, name: 1 }])
    expect(() => stored(other)).toThrow('it is not the record of this container');
});
