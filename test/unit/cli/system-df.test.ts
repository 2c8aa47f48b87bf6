import { describe, expect, test } from 'vitest';
import { summaryPrinter, verbosePrinter } from '../../../src/cli/commands/system-df.ts';
import type { ContainerView } from '../../../src/engine/record.ts';
import type { ContainerUsage, DiskUsage, ImageUsage } from '../../../src/engine/usage.ts';
import type { StoredImage } from '../../../src/image/entry.ts';

const EMPTY: DiskUsage = { images: [], containers: [], layers: { size: 0, reclaimable: 0 } };

function image(hex: string, tags: readonly string[], containers: number): ImageUsage {
  const id = `sha256:${hex.repeat(64)}`;
  const entry = { id, created: '2026-11-23T21:16:52Z', size: 4_000_000, diffIds: [] };
  const digests = [`kid@sha256:${'d'.repeat(64)}`];
  const view = { id, entry: entry as unknown as StoredImage, tags, digests };
  return { view, shared: 1_500_000, unique: 2_500_000, containers };
}

function container(status: ContainerView['status'], size: number): ContainerUsage {
  const created = '2026-11-23T21:16:53.08Z';
  const made = { created, config: { image: 'kid:1' }, argv: ['sh', '-c', 'true >/x'], mounts: [] };
  const record = { id: 'c'.repeat(64), name: 'web', ...made };
  return { view: { status, record: { ...record, labels: {} } } as unknown as ContainerView, size };
}

const SOME: DiskUsage = {
  images: [image('a', ['kid:1', 'other/kid:x'], 1), image('b', [], 0)],
  containers: [container('running', 300), container('created', 700)],
  layers: { size: 6_282_256, reclaimable: 300_000 },
};

describe('system df', () => {
  test('four lines, always', () => {
    expect(summaryPrinter('table')(EMPTY)).toBe(
      `TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE
Images          0         0         0B        0B
Containers      0         0         0B        0B
Local Volumes   0         0         0B        0B
Build Cache     0         0         0B        0B
`,
    );
    expect(summaryPrinter('{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}')(SOME)).toBe(
      `Images 2 1 6.282MB 300kB (4%)
Containers 2 1 1kB 700B (70%)
Local Volumes 0 0 0B 0B
Build Cache 0 0 0B 0B
`,
    );
    expect(summaryPrinter('json')(EMPTY).split('\n')[3]).toBe(
      '{"Active":"0","Reclaimable":"0B","Size":"0B","TotalCount":"0","Type":"Build Cache"}',
    );
  });

  test('-v: docker’s sections, empty ones too', () => {
    expect(verbosePrinter('table')(EMPTY)).toBe(
      `Images space usage:

REPOSITORY   TAG       IMAGE ID   CREATED   SIZE      SHARED SIZE   UNIQUE SIZE   CONTAINERS

Containers space usage:

CONTAINER ID   IMAGE     COMMAND   LOCAL VOLUMES   SIZE      CREATED   STATUS    NAMES

Local Volumes space usage:

VOLUME NAME   LINKS     SIZE

Build cache usage: 0B

CACHE ID   CACHE TYPE   SIZE      CREATED   LAST USED   USAGE     SHARED
`,
    );
    const lines = verbosePrinter('table')(SOME).split('\n');
    expect(lines[3]).toMatch(/^kid {10}1 {9}a{12} .* ago +4MB +1.5MB +2.5MB +1$/);
    expect(lines[4]).toMatch(/^<none> +<none> +b{12} /);
    expect(lines[9]).toMatch(/^c{12} +kid:1 +"sh -c 'true >\/x'" +0 +300B +.* ago +Up .* +web$/);
  });

  test('-v --format json: one document, whole ids, escaped as Go does', () => {
    const text = verbosePrinter('json')(SOME);
    expect(text).toMatch(/^\{"Images":\[\{"Containers":"1",.*"Volumes":\[\],"BuildCache":\[\]\}$/);
    expect(text).toContain('"Repository":"\\u003cnone\\u003e"');
    const [first] = JSON.parse(text).Containers;
    expect(first).toEqual({
      Command: `"sh -c 'true >/x'"`,
      CreatedAt: '2026-11-23 21:16:53 +0000 UTC',
      ID: 'c'.repeat(64),
      Image: 'kid:1',
      Labels: '',
      LocalVolumes: '0',
      Mounts: '',
      Names: 'web',
      Networks: 'bridge',
      Platform: null,
      Ports: '',
      RunningFor: expect.stringMatching(/ ago$/),
      Size: '300B',
      State: 'running',
      Status: expect.stringMatching(/^Up /),
    });
    expect(JSON.parse(text).Images[0]).toMatchObject({ Digest: '', ID: `sha256:${'a'.repeat(64)}` });
  });

  test('-v with a template: of the whole, nothing added', () => {
    const format = '{{range .Images}}{{.Repository}}:{{.UniqueSize}}\\n{{end}}{{json .Volumes}}';
    expect(verbosePrinter(format)(SOME)).toBe('kid:2.5MB\n<none>:2.5MB\n[]');
    expect(verbosePrinter('table {{(index .Images 0).ID}}')(SOME)).toBe('a'.repeat(12));
  });
});
