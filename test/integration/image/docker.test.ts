import { execFile, spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { saveArchive } from '../../../src/image/archive.ts';
import { importLayout } from '../../../src/image/layout.ts';
import { load } from '../../../src/image/load.ts';
import { ImageStore } from '../../../src/image/store.ts';
import { removeDocker } from '../clients/support.ts';
import { startRegistry } from './registry-server.ts';

const run = promisify(execFile);
const BUSYBOX = join(import.meta.dirname, '../../../rootfs-fixtures/out/busybox');
const TINYRUN = join(import.meta.dirname, '../../../bin/tinyrun');
const REGISTRY = existsSync('/usr/bin/docker-registry');
const DOCKERD = ['/usr/sbin/dockerd', '/usr/bin/dockerd'].find(existsSync);

// Skipped where Debian's docker.io is not installed: apt-get install docker.io.
/** What the table has of Go 1.22 and 1.23 and of Docker 28: the docker of a distribution may refuse it. */
const NEWER = /else with|range (\$i := )?\d|\.Platform/;

describe.skipIf(!DOCKERD)('docker', () => {
  let directory: string;
  let docker: (...args: string[]) => Promise<string>;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tinyrun-docker-'));
    const host = `unix://${directory}/docker.sock`;
    docker = async (...args) => (await run('docker', ['-H', host, ...args])).stdout;
    stop = await startDaemon(directory, host);
    await makeImages();
  });
  afterAll(async () => {
    await stop?.();
    removeDocker(directory);
  });

  /** Two images that share a layer. */
  async function makeImages(): Promise<void> {
    writeFileSync(join(directory, 'file'), 'x'.repeat(300_000));
    await run('tar', ['-C', directory, '-cf', join(directory, 'base.tar'), 'file']);
    await docker('import', join(directory, 'base.tar'), 'base:1');
    await docker('create', '--name', 'base', 'base:1', 'true');
    await docker('cp', join(directory, 'base.tar'), 'base:/second');
    await docker('commit', 'base', 'kid:1');
    await docker('rm', 'base');
  }

  test('what we save docker loads, and what docker saves we load, with the same id', async () => {
    const store = new ImageStore(join(directory, 'ours'));
    const entry = await importLayout(store, BUSYBOX, 'from/us:1');
    const archive = join(directory, 'ours.tar');
    const chunks: Buffer[] = [];
    for await (const chunk of saveArchive(store, [{ entry, names: [entry.name ?? ''] }])) chunks.push(chunk);
    writeFileSync(archive, Buffer.concat(chunks));
    expect(await docker('load', '-i', archive)).toContain('Loaded image: from/us:1');
    expect((await docker('image', 'inspect', '-f', '{{.Id}}', 'from/us:1')).trim()).toBe(entry.id);

    await docker('tag', 'from/us:1', 'from/docker:2');
    const saved = join(directory, 'docker.tar');
    await docker('save', '-o', saved, 'from/docker:2');
    const other = new ImageStore(join(directory, 'other'));
    const [loaded] = await load(other, createReadStream(saved));
    expect(loaded).toMatchObject({ id: entry.id, name: 'docker.io/from/docker:2', diffIds: entry.diffIds });
  });

  test('system df tells of the same images what docker tells, shared layers too', async () => {
    const names = (await docker('images', '--format', '{{.Repository}}:{{.Tag}}')).trim().split('\n');
    await docker('save', '-o', join(directory, 'all.tar'), ...names);
    const root = join(directory, 'df');
    await load(new ImageStore(root), createReadStream(join(directory, 'all.tar')));
    const roots = ['--data-root', root, '--run-root', join(root, 'run')];
    const ours = async (...args: string[]) =>
      (await run(TINYRUN, [...roots, 'system', 'df', ...args])).stdout;
    const theirs = (...args: string[]) => docker('system', 'df', ...args);

    expect(squeezed(await ours())).toEqual(squeezed(await theirs()));
    // as the words that 20.10 knows, too
    expect(await ours('--format', 'json')).toBe(await theirs('--format', '{{json .}}'));
    const format =
      '{{range .Images}}{{.ID}} {{.Size}} {{.SharedSize}} {{.UniqueSize}} {{.Containers}}\n{{end}}';
    const [mine, others] = [await ours('-v', '--format', format), await theirs('-v', '--format', format)];
    expect(mine.split('\n').sort()).toEqual(others.split('\n').sort());
    const heads = (text: string) => squeezed(text).filter((line) => !/ago|N\/A/.test(line));
    expect(heads(await ours('-v'))).toEqual(heads(await theirs('-v')));
  });

  test('ps --format prints what docker ps prints, template by template', async () => {
    const file = join(import.meta.dirname, '../../unit/cli/templates.json');
    const table: [string, string | null][] = JSON.parse(readFileSync(file, 'utf8'));
    await docker('tag', 'base:1', 'bb:1');
    await docker('create', '--name', 'f1', '--label', 'a=b', 'bb:1', 'true');
    const printed = (template: string) =>
      docker('ps', '-a', '--filter', 'name=^f1$', '--format', template).catch(() => null);
    const wrong: unknown[] = [];
    for (const [template, expected] of table) {
      const theirs = await printed(template);
      const wanted = expected === null ? null : `${expected}\n`;
      if (theirs === null && NEWER.test(template)) continue;
      if (theirs !== wanted) wrong.push({ template, theirs, wanted });
    }
    expect(wrong).toEqual([]);
    await docker('rm', 'f1');
    await docker('rmi', 'bb:1');
  });

  test.skipIf(!REGISTRY)('push and pull -a say what docker says', async () => {
    const registry = await startRegistry();
    const root = join(directory, 'pulled');
    const ours = async (...args: string[]) => (await run(TINYRUN, ['--data-root', root, ...args])).stdout;
    try {
      const name = `${registry.host}/team/kid`;
      for (const [image, tag] of [
        ['kid:1', 'b'],
        ['base:1', 'a'],
        ['kid:1', 'c'],
      ] as const)
        await docker('tag', image, `${name}:${tag}`);
      await docker('push', '-a', name);
      const first = await ours('pull', '-a', name);
      expect(first).toMatch(new RegExp(`\nStatus: Downloaded newer image for ${name}\n${name}\n$`));
      expect(said(await ours('pull', '-a', name))).toEqual(said(await docker('pull', '-a', name)));
      expect(await ours('pull', '-a', '-q', name)).toBe(`${name}\n`);
      expect(said(await ours('pull', `${name}:b`))).toEqual(said(await docker('pull', `${name}:b`)));
      expect(said(await ours('push', '-a', name))).toEqual(said(await docker('push', '-a', name)));
      const [digest = ''] = (await docker('inspect', '-f', '{{join .RepoDigests "\\n"}}', `${name}:b`)).split(
        '\n',
      );
      expect(said(await ours('pull', digest))).toEqual(said(await docker('pull', digest)));
      expect(await ours('push', '-q', `${name}:c`)).toBe(await docker('push', '-q', `${name}:c`));
      expect(said(await ours('push', `${name}:c`))).toEqual(said(await docker('push', `${name}:c`)));
    } finally {
      await registry.close();
    }
  });
});

/** What a push or pull prints: layers in the order of `Preparing`, the rest of a tag's lines in any, they race. */
const said = (text: string) =>
  text.split(/^(?=\S+: (?:digest|Pulling from) )/m).map((part) => {
    const lines = part.split('\n');
    return { prepared: lines.filter((line) => line.endsWith('Preparing')), lines: lines.sort() };
  });

/** Lines of text, blanks between columns as one. */
const squeezed = (text: string) => text.split('\n').map((line) => line.replace(/ +/g, ' '));

/** Ready when it says so in its log. It uses no bridge and no firewall rules. */
async function startDaemon(directory: string, host: string): Promise<() => Promise<void>> {
  const own = ['--data-root', join(directory, 'data'), '--exec-root', join(directory, 'exec'), '-H', host];
  const quiet = ['--bridge=none', '--iptables=false', '--ip6tables=false', `--pidfile=${directory}/pid`];
  const daemon = spawn(DOCKERD ?? '', [...own, ...quiet], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
  let log = '';
  await new Promise<void>((resolve, reject) => {
    daemon.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes('API listen on')) resolve();
    });
    daemon.once('exit', () => reject(new Error(`dockerd ended: ${log.slice(-500)}`)));
  });
  return async () => {
    daemon.kill();
    await ended;
  };
}
