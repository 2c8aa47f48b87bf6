import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from '../../support/bench.ts';
import { testSpec } from '../../support/spec.ts';

let bench: Bench;
beforeAll(() => {
  bench = new Bench();
});
afterAll(() => bench.dispose());

it('says its version as podman info reads it', () => {
  expect(bench.ok(['--version'])).toMatch(
    /^tinyrunc version \S+\ncommit: [0-9a-f]{40}(-dirty)?\nspec: 1\.\d\.\d\n$/,
  );
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

  it.each(['checkpoint', 'restore'])('%s --help tells of it, as each verb does', (verb) => {
    expect(bench.ok([verb, '--help'])).toContain(`tinyrunc ${verb} - not supported`);
    expect(bench.run([verb, '--image-path', 'D', '--work-path', 'D', 'x']).stderr).toContain('not supported');
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
});

describe('the log, too', () => {
  it('is there although nothing is logged, and where it cannot be nothing is done', () => {
    const log = join(bench.dir, 'empty.log');
    bench.ok(['list'], { global: ['--log', log] });
    expect(readFileSync(log, 'utf8')).toBe('');
    const dir = join(bench.dir, 'not-made');
    mkdirSync(dir);
    const result = bench.run(['spec', '-b', dir], { global: ['--log', '/nowhere/log'] });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("open '/nowhere/log': no such file or directory");
    expect(existsSync(join(dir, 'config.json'))).toBe(false);
  });

  it('tells with --debug what is done: steps and hooks, on standard error as well', () => {
    const log = join(bench.dir, 'debug.json');
    const spec = testSpec(['true'], (s) => {
      s.hooks = { createRuntime: [{ path: '/bin/true' }] };
    });
    const flags = ['--debug', '--log', log, '--log-format', 'json'];
    const result = bench.run(['run', '-b', bench.bundle(spec), bench.id()], { global: flags });
    expect(result.status).toBe(0);
    const lines = readFileSync(log, 'utf8');
    expect(result.stderr).toBe(lines);
    const messages = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map(({ level, msg }) => `${level} ${msg}`);
    expect(messages).toContainEqual(expect.stringMatching(/^debug runs a plan of \d+ steps$/));
    expect(messages).toContainEqual(expect.stringMatching(/^debug step \d+ \(host\): create the namespaces/));
    expect(messages).toContainEqual(
      expect.stringMatching(/^debug step \d+ \(container\): mount proc on \/proc.*, [\d.]+ µs$/),
    );
    expect(messages).toContain('debug createRuntime hook #0 (/bin/true): done');
    expect(bench.run(['state', 'no-such'], { global: ['--debug'] }).stderr).not.toContain('level=debug');
  });

  it('has the failing step as debug line and the error last', () => {
    const spec = testSpec(['true'], (s) => {
      if (s.process) s.process.cwd = '/bin/busybox/x';
    });
    const result = bench.run(['run', '-b', bench.bundle(spec), bench.id()], { global: ['--debug'] });
    expect(result.stderr).toMatch(/level=debug msg="step \d+ \(container\): change to working directory/);
    const lines = result.stderr.trim().split('\n');
    expect(lines.filter((line) => line.includes('level='))?.at(-1)).toContain('level=error');
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
