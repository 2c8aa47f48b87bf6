// CVE-2025-52565: the terminal of a container, swapped before it is bound to /dev/console.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { execute, type Result, TINYRUNC } from '../support/programs.ts';
import { type Sandbox, sandboxEachTest } from '../support/sandbox.ts';
import type { MutableMount } from '../support/spec.ts';
import { bind, swapWhile } from './support.ts';

let sandbox: Sandbox;
sandboxEachTest((fresh) => {
  sandbox = fresh;
});

describe('the terminal of a container whose /dev is a volume of the attacker', () => {
  /** What the runtime would make in a /dev of its own, since in a volume it makes nothing. */
  function devVolume(name: string): string {
    const volume = path.join(sandbox.dir, name);
    mkdirSync(path.join(volume, 'pts'), { recursive: true });
    for (const [node, minor] of [
      ['null', '3'],
      ['zero', '5'],
    ] as const)
      spawnSync('mknod', ['-m', '666', path.join(volume, node), 'c', '1', minor]);
    return volume;
  }

  function terminalBundle(volume: string, args: readonly string[]): string {
    return sandbox.bundle(args, (spec) => {
      spec.process.terminal = true;
      const kept = spec.mounts.filter(
        ({ destination }) => !['/dev/mqueue', '/dev/shm'].includes(destination),
      );
      spec.mounts = kept.map((mount) => (mount.destination === '/dev' ? bind(volume, '/dev') : mount));
    });
  }

  /** Under script(1), so that the CLI has a terminal of its own. */
  function onTerminal(bundle: string, id: string, wrapper: readonly string[] = []): Promise<Result> {
    const command = [
      ...wrapper,
      TINYRUNC,
      '--root',
      sandbox.runcRoot,
      'run',
      '--bundle',
      bundle,
      sandbox.id(id),
    ];
    const quoted = command.map((word) => `'${word}'`).join(' ');
    return execute('script', ['-qec', quoted, '/dev/null'], { env: sandbox.env });
  }

  // 88 hexadecimal is 136, the major number of pseudo-terminals.
  const SHOW = ['stat', '-Lc', 'major %t', '/dev/console'];

  test('is its /dev/console', async () => {
    const { code, stdout } = await onTerminal(terminalBundle(devVolume('dev-plain'), SHOW), 'plain');
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('major 88');
  });

  test('is not bound through a symlink in its place', async () => {
    const volume = devVolume('dev-console');
    symlinkSync('/proc/sys/vm/stat_interval', path.join(volume, 'console'));
    const { code, stdout } = await onTerminal(
      terminalBundle(volume, ['cat', '/proc/self/mountinfo']),
      'console',
    );
    expect(stdout).not.toMatch(/stat_interval.* devpts /);
    expect(code, stdout).not.toBe(0);
  });

  test('comes of a devpts and of nothing else', async () => {
    const volume = devVolume('dev-ptmx');
    symlinkSync('../zero', path.join(volume, 'pts/ptmx'));
    const bundle = terminalBundle(volume, ['echo', 'STARTED']);
    const config = path.join(bundle, 'config.json');
    const spec = JSON.parse(readFileSync(config, 'utf8'));
    spec.mounts = spec.mounts.filter((mount: MutableMount) => mount.destination !== '/dev/pts');
    writeFileSync(config, JSON.stringify(spec));
    const { code, stdout } = await onTerminal(bundle, 'ptmx');
    expect(stdout).toMatch(/\/dev\/pts.*(ELOOP|not a devpts)/);
    expect(stdout).not.toContain('STARTED');
    expect(code).not.toBe(0);
  });

  test('is a pty though pts/N is swapped between its opening and the bind', async () => {
    const volume = devVolume('dev-pts');
    const [pts, evil] = [path.join(volume, 'pts'), path.join(volume, 'evil')];
    mkdirSync(evil);
    for (let n = 0; n < 16; n++) symlinkSync('/etc/target', path.join(evil, String(n)));
    const bundle = terminalBundle(volume, SHOW);
    const target = path.join(bundle, 'rootfs/etc/target');
    const wanted = 'what the attacker wants opened\n';
    writeFileSync(target, wanted);
    // fstatfs(2) stands between the opening of the master and that of the terminal
    const calls = 'openat2,move_mount,fstatfs';
    const hold = `strace -f -qq -o /dev/null -e trace=${calls} -e inject=${calls}:delay_enter=3000`.split(
      ' ',
    );
    let started = 0;
    for (let round = 0; round < 12; round++) {
      const running = onTerminal(bundle, `pts-${round}`, hold);
      await swapWhile(pts, evil, running, 100);
      const { code, stdout } = await running;
      // Meeting the wrong directory is an error; meeting the wrong file would be the attacker's win: it is written to.
      expect(readFileSync(target, 'utf8')).toBe(wanted);
      if (code === 0) expect(stdout).toContain('major 88');
      if (code === 0) started++;
    }
    expect(started).toBeGreaterThan(0);
  });
});
