// Packages of npm that drive the docker command line, with tinyrun in its place.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Docker } from 'docker-cli-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { execute, TINYRUN } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';
import { Terminal } from '../../support/terminal.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(async () => {
  const left = (await sandbox.tinyrun(['ps', '-aq'])).stdout.split('\n').filter(Boolean);
  if (left.length > 0) await sandbox.tinyrun(['rm', '-f', ...left]);
  await sandbox.close();
});

describe('@devcontainers/cli', () => {
  const CLI = join(import.meta.dirname, '../../../node_modules/@devcontainers/cli/devcontainer.js');
  const devcontainer = (...args: string[]) =>
    execute(
      process.execPath,
      [CLI, ...args.slice(0, 1), '--docker-path', TINYRUN, '--workspace-folder', workspace, ...args.slice(1)],
      { env: sandbox.env, cwd: sandbox.dir },
    );
  const workspace = join(sandbox.dir, 'workspace');

  test('up makes a container of what is stored, twice the same; exec runs in it', async () => {
    mkdirSync(join(workspace, '.devcontainer'), { recursive: true });
    const config = { image: 'busybox', remoteUser: 'root', containerEnv: { FROM: 'config' } };
    writeFileSync(join(workspace, '.devcontainer/devcontainer.json'), JSON.stringify(config));
    const up = await devcontainer('up');
    const outcome = JSON.parse(up.stdout.trim().split('\n').at(-1) ?? '');
    expect(outcome).toMatchObject({ outcome: 'success', remoteUser: 'root' });
    expect(JSON.parse((await devcontainer('up')).stdout.trim().split('\n').at(-1) ?? '')).toEqual(outcome);
    const { stdout } = await sandbox.tinyrun(['ps', '--no-trunc', '--format', '{{.ID}}']);
    expect(stdout.trim()).toBe(outcome.containerId);

    const script =
      'echo "$TWO" "$FROM"; pwd; cat /workspaces/workspace/.devcontainer/devcontainer.json; exit 5';
    const ran = await devcontainer('exec', '--remote-env', 'TWO=one\ntwo', 'sh', '-c', script);
    expect(ran).toMatchObject({
      code: 5,
      stdout: `one\ntwo config\n/workspaces/workspace\n${JSON.stringify(config)}`,
    });

    const line = [CLI, 'exec', '--docker-path', TINYRUN, '--workspace-folder', workspace, 'sh'];
    const terminal = new Terminal({ env: sandbox.env, program: process.execPath }, ...line);
    await terminal.until(/# /);
    terminal.type('sh -c "echo asleep; sleep 3001"\n');
    await terminal.until(/\nasleep\r/);
    terminal.type('\x03');
    await terminal.until(/# /);
    terminal.type('echo st$?; exit 5\n');
    await terminal.until(/st130/);
    expect(await terminal.ended).toBe(5);
    terminal.close();
  });
});

/** `docker` is found in it. */
const env = { ...sandbox.env, PATH: `${sandbox.dir}/bin:${process.env.PATH}` };
beforeAll(() => {
  mkdirSync(join(sandbox.dir, 'bin'));
  symlinkSync(TINYRUN, join(sandbox.dir, 'bin/docker'));
});

describe('docker-cli-js', () => {
  const docker = new Docker({ currentWorkingDirectory: sandbox.dir, echo: false, env });

  test('reads the tables, the objects and the lines of it', async () => {
    const { containerId } = await docker.command('run -d --name table busybox sleep 1000');
    expect(containerId).toMatch(/^[0-9a-f]{64}$/);
    const { containerList } = await docker.command('ps ');
    const row = containerList.find((one: { names: string }) => one.names === 'table');
    expect(row).toMatchObject({
      'container id': containerId.slice(0, 12),
      image: 'busybox',
      command: '"sleep 1000"',
    });
    const { object } = await docker.command('inspect table');
    expect(object[0]).toMatchObject({ Id: containerId, State: { Status: 'running' } });
    expect((await docker.command('images ')).images[0]).toMatchObject({
      repository: 'busybox',
      tag: 'latest',
    });
    expect((await docker.command('info ')).object).toMatchObject({
      containers: expect.stringMatching(/^\d+$/),
    });
    await expect(docker.command('inspect nosuch')).rejects.toMatchObject({ stdout: '[]\n' });
  });
});

test('docker-lambda runs a function: a directory of the host, variables, what it answers', () => {
  const invoke = createRequire(import.meta.url)('docker-lambda') as (options: object) => unknown;
  const taskDir = join(sandbox.dir, 'task');
  mkdirSync(taskDir);
  writeFileSync(
    join(taskDir, 'function'),
    '#!/bin/sh\necho some words; echo "{\\"$1\\":$2,\\"region\\":\\"$AWS_REGION\\"}"\n',
    {
      mode: 0o755,
    },
  );
  const options = {
    dockerImage: 'busybox',
    handler: 'index',
    event: { some: ['event', "it's"] },
    taskDir,
    addEnvVars: true,
    dockerArgs: ['--entrypoint', '/var/task/function'],
    spawnOptions: { encoding: 'utf8', env: { ...env, AWS_REGION: 'here' } },
  };
  expect(invoke(options)).toEqual({ index: options.event, region: 'here' });
  expect(() => invoke({ ...options, dockerArgs: ['--entrypoint', 'nope'] })).toThrow(
    expect.objectContaining({ code: 127 }),
  );
});
