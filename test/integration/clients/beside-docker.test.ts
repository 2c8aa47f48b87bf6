// One table of command lines (command-lines.ts), run by a real dockerd with the docker CLI and by tinyrun.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRootfs } from '../../../scripts/lib/rootfs.mjs';
import { execute, type Result, TINYRUN, until } from '../../support/programs.ts';
import { ROWS, type Row } from './command-lines.ts';
import { clientOf, daemon, end, installed, ok, removeCgroups, removeDocker } from './support.ts';

const available = installed('dockerd', 'docker', 'containerd');
let dir: string;
let dockerd: ChildProcess;
/** Of dockerd, the first of its numbers. */
let version = 0;
const sides: { name: string; env: NodeJS.ProcessEnv }[] = [];

beforeAll(async () => {
  if (!available) return;
  dir = mkdtempSync(join(tmpdir(), 'tinyrun-beside-'));
  const host = `unix://${dir}/sock`;
  const roots = ['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '-p', join(dir, 'pid')];
  const network = ['--bridge', 'none', '--iptables=false', '--ip6tables=false'];
  dockerd = daemon('dockerd', [...roots, ...network, '-H', host], join(dir, 'log'));
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: '', DOCKER_CONFIG: join(dir, 'config') };
  const own = { TINYRUN_ROOT: join(dir, 'own'), TINYRUN_RUN_ROOT: join(dir, 'run') };
  sides.push({ name: 'docker', env: { ...env, DOCKER_HOST: host, D: 'docker', NET: '10.221' } });
  sides.push({ name: 'tinyrun', env: { ...env, ...own, D: TINYRUN, NET: '10.222' } });
  const tar = imageTar(dir);
  const docker = clientOf('docker', ['-H', host]);
  await until(() => docker('version').status === 0);
  version = Number.parseInt(ok(docker('version', '--format', '{{.Server.Version}}')), 10);
  for (const side of sides) {
    mkdirSync(join(dir, side.name));
    ok(clientOf(`${side.env.D}`, [], side.env)('import', tar, 'bb'));
  }
});

afterAll(async () => {
  if (!available) return;
  const clear = 'left=$($D ps -aq); [ -z "$left" ] || $D rm -f $left; $D network prune -f';
  for (const { env } of sides) await execute('bash', ['-c', clear], { env });
  await end(dockerd);
  removeCgroups('docker');
  removeDocker(dir);
});

/** A small image with what the rows look for. */
function imageTar(below: string): string {
  const root = makeRootfs(join(below, 'rootfs'));
  for (const applet of ['cut', 'df', 'tr']) symlinkSync('busybox', join(root, 'bin', applet));
  writeFileSync(join(root, 'etc/x'), '');
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  const tar = join(below, 'image.tar');
  const { status, stderr } = spawnSync('tar', ['-C', root, '-cf', tar, '.'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  rmSync(root, { recursive: true });
  return tar;
}

/** What a row prints: each of its lines, what that wrote and how it ended. */
async function typed({ lines }: Row): Promise<(Result & { name: string })[]> {
  const script = lines.flatMap((line) => [`printf '%s\\n' ${quoted(`> ${line}`)}`, line, 'echo "[$?]"']);
  return Promise.all(
    sides.map(async ({ name, env }) => {
      const shell = execute('bash', ['-c', script.join('\n')], { env, cwd: join(dir, name) });
      const { stdout, ...rest } = await shell;
      return { name, ...rest, stdout: plain(stdout) };
    }),
  );
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const plain = (text: string): string =>
  text
    .replace(/[0-9a-f]{64}/g, '<id>')
    .replace(/\b[0-9a-f]{12}\b/g, '<short id>')
    .replace(/\b10\.22[12]\./g, '$NET.');

describe.skipIf(!available)('typed to docker and to tinyrun', () => {
  test.each(ROWS)('$title', async (row) => {
    const [theirs, ours] = await typed(row);
    const { differs, from = 0, until = Number.POSITIVE_INFINITY } = row;
    const isAlike = differs === undefined || version < from || version >= until;
    if (isAlike) expect(ours?.stdout).toBe(theirs?.stdout);
    // who is as Docker by now has no reason to say why not
    else expect(ours?.stdout).not.toBe(theirs?.stdout);
    if (row.says) for (const side of [theirs, ours]) expect(side?.stderr).toMatch(row.says);
  });
});
