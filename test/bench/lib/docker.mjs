// A dockerd of our own: its own data, its own socket, gone when closed; no bridge and no iptables rules, unless it has a host of its own.

import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanEnvironment, ended, onUnified } from './child.mjs';

const answers = (host) => spawnSync('docker', ['-H', host, 'version'], { stdio: 'ignore' }).status === 0;

/**
 * Starts dockerd below `directory` and loads `rootfs` as image busybox; undefined and why when it cannot. `realtime`: on
 * cgroup v2, since the cgroups that Docker makes on v1 admit no process of a real-time class. `host`: what is in front of a program
 * to run it where bridges and rules may be made.
 */
export async function startDocker({ directory, rootfs, realtime = false, atEnd, host: within }) {
  const program = ['/usr/sbin/dockerd', '/usr/bin/dockerd'].find(existsSync);
  if (!program) return { why: 'dockerd is not installed' };
  mkdirSync(directory, { recursive: true });
  const host = `unix://${join(directory, 'docker.sock')}`;
  const log = openSync(join(directory, 'dockerd.log'), 'w');
  const alone = ['--bridge=none', '--iptables=false', '--ip6tables=false'];
  const flags = [...(within ? [] : alone), `--pidfile=${directory}/docker.pid`];
  const argv = [
    ...(within ?? []),
    program,
    '--data-root',
    join(directory, 'data'),
    '--exec-root',
    join(directory, 'exec'),
    '-H',
    host,
    ...flags,
  ];
  const [file, ...args] = realtime ? onUnified(argv) : argv;
  const daemon = spawn(file, args, {
    stdio: ['ignore', log, log],
    env: cleanEnvironment(),
    detached: true,
  });
  closeSync(log);
  atEnd(removeCgroups);
  atEnd(() => ended(daemon));
  for (let tries = 0; tries < 150 && daemon.exitCode === null; tries++) {
    if (answers(host)) return { host, ...importImage(host, rootfs) };
    await sleep(100);
  }
  return { why: 'dockerd did not come up' };
}

function importImage(host, rootfs) {
  const script = 'tar -C "$0" -c . | docker -H "$1" import - busybox';
  const { status } = spawnSync('sh', ['-c', script, rootfs, host], { stdio: 'ignore' });
  return status === 0 ? {} : { why: 'docker import failed' };
}

/** dockerd leaves its parent cgroups behind; they are empty, or not ours to remove. */
function removeCgroups() {
  for (const controller of [
    '',
    'unified',
    'cpu',
    'cpuacct',
    'cpuset',
    'memory',
    'devices',
    'freezer',
    'blkio',
    'pids',
    'systemd',
    'hugetlb',
  ])
    try {
      rmdirSync(join('/sys/fs/cgroup', controller, 'docker'));
    } catch (error) {
      if (!['ENOENT', 'EBUSY', 'ENOTEMPTY'].includes(error.code)) throw error;
    }
}
