import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, testSpec } from './support.ts';

let bench: Bench;
beforeAll(() => {
  bench = new Bench();
});
afterAll(() => bench.dispose());

it('says its version as podman info reads it', () => {
  expect(bench.ok(['--version'])).toMatch(/^tinyrunc version \S+\nspec: 1\.2\.\d\n$/);
});

it('has help for itself and for each verb', () => {
  const help = bench.ok(['help']);
  for (const verb of 'create start state kill delete run exec list ps pause resume update events spec features'.split(
    ' ',
  )) {
    expect(help).toContain(`   ${verb}`);
    expect(bench.ok([verb, '--help'])).toContain(`tinyrunc ${verb}`);
  }
});

describe('wrong usage ends with 1 and one line that says why', () => {
  it.each([
    [['state'], /requires exactly 1 argument/],
    [['state', 'a', 'b'], /requires exactly 1 argument/],
    [['create', '--nope', 'x'], /flag provided but not defined: -nope/],
    [['--log-format', 'xml', 'list'], /log-format/],
    [['list', '-f', 'yaml'], /invalid format option/],
    [['events', '--interval', 'often', 'x'], /interval/],
    [['checkpoint', 'x'], /not supported/],
    [['restore', 'x'], /not supported/],
  ])('%j', (args, message) => {
    const result = bench.run(args);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(message);
  });

  it('a verb that there is not ends with 3, as with runc', () => {
    expect(bench.run(['nope'])).toMatchObject({ status: 3, stdout: '' });
    expect(bench.run(['help', 'nope']).stderr).toContain("No help topic for 'nope'");
  });

  it('what the system refuses is told like the rest: what was tried, then why', () => {
    expect(bench.run(['spec', '-b', '/nowhere']).stderr).toContain(
      "open '/nowhere/config.json': no such file or directory",
    );
  });

  it('checkpoint --help fails: podman asks so whether it is supported', () => {
    expect(bench.run(['checkpoint', '--help']).status).toBe(1);
  });
});

describe('the log', () => {
  it('is one JSON object when a command fails, as conmon and the shim read it', () => {
    const log = join(bench.dir, 'log.json');
    const result = bench.run(['state', 'no-such'], { global: ['--log', log, '--log-format=json'] });
    expect(result.status).toBe(1);
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(1);
    const entry = JSON.parse(lines[0] ?? '');
    expect(entry).toMatchObject({ level: 'error', msg: 'container does not exist' });
    expect(Date.parse(entry.time)).toBeGreaterThan(Date.now() - 60_000);
  });

  it('carries the words that podman chooses exit codes by', () => {
    const log = join(bench.dir, 'log2.json');
    const bundle = bench.bundle(testSpec(['nope']));
    bench.run(['create', '-b', bundle, bench.id()], { global: ['--log', log, '--log-format', 'json'] });
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    const errors = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0].msg).toContain('executable file not found in $PATH');
  });
});

describe('spec', () => {
  it('writes config.json once', () => {
    const dir = join(bench.dir, 'spec');
    mkdirSync(dir);
    bench.ok(['spec', '-b', dir]);
    expect(JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')).process.args).toEqual(['sh']);
    const again = bench.run(['spec', '--bundle', dir]);
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('config.json exists');
  });

  it('has a template for users without root', () => {
    const dir = join(bench.dir, 'rootless');
    mkdirSync(dir);
    bench.ok(['spec', '--rootless', '-b', dir]);
    const spec = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'));
    expect(spec.linux.uidMappings).toEqual([{ containerID: 0, hostID: 0, size: 1 }]);
    expect(existsSync(join(dir, 'rootfs'))).toBe(false);
  });
});

it('prints the features document', () => {
  const features = JSON.parse(bench.ok(['features']));
  expect(features).toMatchObject({ ociVersionMin: '1.0.0', linux: { seccomp: { enabled: true } } });
  expect(features.hooks).toHaveLength(6);
});
