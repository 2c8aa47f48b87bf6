// tinyrun and a dockerd of our own, each in a network namespace that stands for a host: with bridges, rules and ports of their own.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeRootfs } from '../../../scripts/lib/rootfs.mjs';
import { startDocker } from './docker.mjs';
import { ask } from './engines.mjs';

/** A network namespace that ends with the section. Answers what a command line begins with to be in it. */
async function newHost(atEnd) {
  const script = 'ip link set lo up; ip address add 192.0.2.1/32 dev lo; echo up; exec sleep infinity';
  const holder = spawn('unshare', ['--net', 'sh', '-c', script], { detached: true });
  atEnd(() => holder.kill('SIGKILL'));
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  return ['nsenter', `--net=/proc/${holder.pid}/ns/net`];
}

export const has = (program) => ['/usr/sbin', '/usr/bin'].some((dir) => existsSync(join(dir, program)));

/**
 * Both engines by name: `argv` is how a command line begins, `host` what is in front of a program of the host, `at` what is in
 * front of one in a container's network. What an engine left is removed at the end.
 */
export async function networkEngines({ root, directory, state, realtime, atEnd }) {
  mkdirSync(state, { recursive: true });
  const rootfs = join(directory, 'rootfs');
  makeRootfs(rootfs);
  const ours = await newHost(atEnd);
  const roots = ['--data-root', join(directory, 'data'), '--run-root', join(state, 'tinyrun')];
  const all = { tinyrun: { host: ours, argv: [...ours, join(root, 'bin/tinyrun'), ...roots] } };
  const theirs = await newHost(atEnd);
  const docker = await startDocker({
    directory: join(directory, 'docker'),
    rootfs,
    realtime,
    atEnd,
    host: theirs,
  });
  const skipped = docker.why ? [{ name: 'docker', why: docker.why }] : [];
  if (!docker.why) all.docker = { host: theirs, argv: ['docker', '-H', docker.host] };
  for (const engine of Object.values(all)) {
    engine.at = (container) => inside(engine.argv, container);
    atEnd(() => removeAll(engine.argv));
  }
  return { all, skipped, runRoot: join(state, 'tinyrun') };
}

const inside = (argv, container) => [
  'nsenter',
  `--net=/proc/${ask([...argv, 'inspect', '-f', '{{.State.Pid}}', container])}/ns/net`,
];

export const sleeper = ({ argv }, ...flags) =>
  ask([...argv, 'run', '-d', ...flags, 'busybox', 'sleep', '10000']);

export const addressOf = ({ argv }, container, network = 'bridge') =>
  ask([...argv, 'inspect', '-f', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, container]);

/** Removes some containers at once, however many. */
export function removeAll(argv) {
  const ids = ask([...argv, 'ps', '-aq'], { detached: true })
    .split('\n')
    .filter(Boolean);
  if (ids.length > 0) ask([...argv, 'rm', '-f', ...ids], { detached: true });
}

/** What a program of a few seconds prints. */
export function printed(argv) {
  const { status, stdout, stderr, error } = spawnSync(argv[0], argv.slice(1), {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${argv.join(' ')}: exit ${status}: ${(stderr || stdout).trim().slice(-300)}`);
  return stdout;
}
