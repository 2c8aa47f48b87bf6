// docker-registry on loopback with the big Debian image of the tests in it.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { cleanEnvironment, ended } from './child.mjs';

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Answers the image's reference, or why there is none. */
export async function startRegistry({ root, directory, atEnd }) {
  if (!existsSync('/usr/bin/docker-registry')) return { why: 'docker-registry is not installed' };
  mkdirSync(directory, { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(directory, 'config.yml');
  const lines = [
    'version: 0.1',
    'log: {level: error}',
    'storage:',
    `  filesystem: {rootdirectory: ${directory}/data}`,
  ];
  writeFileSync(config, [...lines, 'http:', `  addr: ${host}`, ''].join('\n'));
  const stdio = ['ignore', 'ignore', 'ignore'];
  const server = spawn('docker-registry', ['serve', config], {
    stdio,
    env: cleanEnvironment(),
    detached: true,
  });
  atEnd(() => ended(server));
  const made = spawnSync(join(root, 'test/integration/image/debian-image'), { encoding: 'utf8' });
  const layout = made.stdout.trim();
  const reference = `${host}/debian:1`;
  const flags = ['copy', '-q', '--retry-times', '3', '--dest-tls-verify=false'];
  const pushed = spawnSync('skopeo', [...flags, `oci:${layout}:debian`, `docker://${reference}`], { stdio });
  if (made.status === 0 && pushed.status === 0) return { reference, layout };
  return { why: made.status === 0 ? 'skopeo could not push' : made.stderr.trim().slice(-200) };
}
