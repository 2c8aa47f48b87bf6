// The caller's descriptors stay the caller's: what a container has for 0, 1 and 2 are pipes, a null device or a terminal of
// its own, and what lies behind the caller's cannot be opened through /proc/self/fd.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { execute, TINYRUN } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

/** A line of shell with tinyrun as `$0`; the whole of it, so that redirections are the shell's. */
const shell = (line: string) => execute('sh', ['-c', line, TINYRUN], { env: sandbox.env });
const run = (flags: string, script: string) => `"$0" run --rm ${flags} busybox sh -c '${script}'`;
const file = (name: string, text: string) => {
  const at = path.join(sandbox.dir, name);
  writeFileSync(at, text);
  return at;
};

const USERS = [
  ['root', ''],
  ['nobody', '-u nobody'],
  ['root of a user namespace', '--userns private'],
  ['nobody of a user namespace', '--userns private -u nobody'],
] as const;

describe.each(USERS)('%s', (_who, flags) => {
  test('a file given for reading is not written', async () => {
    const input = file('input', 'as it was\n');
    const script = 'cat; echo changed >/proc/self/fd/0 || echo changed >/dev/stdin; chmod 0 /proc/self/fd/0';
    const { stdout } = await shell(`chmod 666 ${input}; ${run(`-i ${flags}`, script)} <${input} 2>/dev/null`);
    expect(stdout).toBe('as it was\n');
    expect(readFileSync(input, 'utf8')).toBe('as it was\n');
    expect(statSync(input).mode & 0o777).toBe(0o666);
  });

  test('a log given for appending is neither read nor cut off', async () => {
    const log = file('log', 'earlier\n');
    // 5 is what 1 was; of a pipe there is nothing to read, and the shell would tell how the wait for it ended
    const read = '(timeout 1 cat /proc/self/fd/5; true) 5>&1 >/tmp/seen 2>/dev/null; cat /tmp/seen';
    const script = `: >/proc/self/fd/1; : >/dev/stderr; ${read}; echo later`;
    await shell(`chmod 666 ${log}; ${run(flags, script)} >>${log} 2>&1`);
    expect(readFileSync(log, 'utf8')).toBe('earlier\nlater\n');
  });

  test('/dev/stdout and /dev/stderr open', async () => {
    const { stdout, stderr } = await shell(run(flags, 'echo out >/dev/stdout; echo err >/dev/stderr'));
    expect({ stdout, stderr }).toEqual({ stdout: 'out\n', stderr: 'err\n' });
  });
});

const LINKS =
  'for n in 0 1 2; do readlink /proc/self/fd/$n; done; for n in 0 1 2; do test -t $n && echo terminal; done';

test('what /proc/self/fd names is never of the host', async () => {
  const log = file('links', '');
  await shell(`${run('', LINKS)} <${log} >>${log} 2>&1`);
  expect(readFileSync(log, 'utf8')).toMatch(/^\/dev\/null\n(pipe:\[\d+\]\n)\1$/);
  const { stdout } = await shell(
    `exec 3<${log}; readlink /proc/self/fd/1 >&2; ${run('-i', `${LINKS}; ls /proc/self/fd`)} <&3`,
  );
  expect(stdout).toMatch(/^(pipe:\[\d+\]\n){3}0\n1\n2\n3\n$/);
});

test('a terminal without -t: neither read nor typed into', async () => {
  const text = file('terminal', '');
  const line = `${TINYRUN} run --rm busybox sh -c '${LINKS}; head -c 3' >${text}.out; ${TINYRUN} run --rm -i busybox sh -c '${LINKS}; head -c 3'`;
  writeFileSync(`${text}.sh`, line);
  const child = spawn('script', ['-qec', `sh ${text}.sh`, '/dev/null'], {
    env: sandbox.env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let seen = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    seen += chunk;
  });
  child.stdin.write('abc\n');
  await once(child, 'close');
  // what was typed while the first ran was left for the second, which asked for it
  expect(readFileSync(`${text}.out`, 'utf8')).toMatch(/^\/dev\/null\n(pipe:\[\d+\]\n){2}$/);
  expect(seen.replaceAll('\r', '')).toMatch(/(pipe:\[\d+\]\n){3}abc$/);
  expect(seen).not.toContain('terminal');
});

test('the owner of the null device changes its own', async () => {
  const mode = statSync('/dev/null').mode;
  await shell(`${run('', 'chmod 600 /proc/self/fd/0; chown 5 /dev/stdin')} </dev/null`);
  expect(statSync('/dev/null')).toMatchObject({ mode, uid: 0 });
});

describe('what is copied', () => {
  test('both outputs to one file keep their order, two files their own', async () => {
    const script = 'i=0; while [ $i -lt 300 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done';
    const wanted = Array.from({ length: 300 }, (_, i) => `o${i}\ne${i}\n`).join('');
    const both = file('both', '');
    await shell(`${run('', script)} >${both} 2>&1`);
    expect(readFileSync(both, 'utf8')).toBe(wanted);
    const [out, err] = [file('out', ''), file('err', '')];
    await shell(`${run('', script)} >${out} 2>>${err}`);
    expect(readFileSync(out, 'utf8') + readFileSync(err, 'utf8')).toBe(
      [...wanted.matchAll(/o.*\n/g), ...wanted.matchAll(/e.*\n/g)].join(''),
    );
  });

  test('the end of the input, from a pipe, a file and a socket; half-closed streams; the exit code', async () => {
    const big = file('big', 'x'.repeat(3_000_000));
    const count = run('-i', 'wc -c; exec >&-; echo on >&2; exit 9');
    const wanted = { code: 9, stdout: '3000000\n', stderr: 'on\n' };
    expect(await shell(`cat ${big} | ${count}`)).toEqual(wanted);
    expect(await shell(`${count} <${big}`)).toEqual(wanted);
    const child = spawn(TINYRUN, ['run', '--rm', '-i', 'busybox', 'wc', '-c'], {
      env: sandbox.env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(readFileSync(big));
    let text = '';
    for await (const chunk of child.stdout) text += chunk;
    expect(text).toBe('3000000\n');
    // a program that does not read what it is given
    expect(await shell(`${run('-i', 'exec 0<&-; exit 4')} <${big}`)).toMatchObject({ code: 4, stderr: '' });
    expect(await shell(`yes | ${run('-i', 'head -n 1')}`)).toMatchObject({ code: 0, stdout: 'y\n' });
  });

  test('nobody reads: the program is told as by a pipe; a full disk is told to the caller', async () => {
    // PID 1 is not killed by SIGPIPE, and hears of it by EPIPE
    const broken = await shell(`{ ${run('', 'yes')}; echo $? >&2; } | head -n 1`);
    expect(broken).toMatchObject({ stdout: 'y\n', stderr: expect.stringMatching(/Broken pipe\n1\n$/) });
    expect(await shell(`{ ${run('--init', 'yes')}; echo $? >&2; } | head -n 1`)).toMatchObject({
      stdout: 'y\n',
      stderr: '141\n',
    });
    const full = await shell(`${run('', 'echo lost; sleep 0.2; echo more')} >/dev/full`);
    expect(full).toMatchObject({ code: 125, stderr: expect.stringContaining('standard output') });
    expect(full.stderr).toContain('ENOSPC');
    expect((await sandbox.tinyrun(['ps', '-aq'])).stdout).toBe('');
  });

  test('the last bytes, and no waiting for who holds the pipe on', async () => {
    const script = 'sleep 1000 & head -c 200000 /dev/zero; exit 3';
    for (const flags of ['', '--pid host', '--init']) {
      const child = spawnSync(
        TINYRUN,
        ['run', '--rm', ...flags.split(' ').filter(Boolean), 'busybox', 'sh', '-c', script],
        {
          env: sandbox.env,
          timeout: 120_000,
        },
      );
      expect({ status: child.status, size: child.stdout.length }, flags).toEqual({
        status: 3,
        size: 200_000,
      });
    }
  });

  test('fds that the library’s caller names are the container’s as they are', async () => {
    const target = file('named', '');
    const library = path.join(TINYRUN, '../../dist/index.cjs');
    const program = `const { createEngine } = require(${JSON.stringify(library)});
      const run = (control) => createEngine({ dataRoot: '${sandbox.dir}/data', runRoot: '${sandbox.dir}/run' })
        .run({ image: 'busybox', args: ['readlink', '/proc/self/fd/1'], autoRemove: true }, control);
      const fd = require('fs').openSync('${target}', 'w');
      run({ stdio: [0, fd, 2] }).then(() => run()).then(() => process.exit());`;
    const child = await execute(process.execPath, ['-e', program], { env: sandbox.env });
    expect(child).toMatchObject({ code: 0, stdout: expect.stringMatching(/^pipe:\[\d+\]\n$/) });
    expect(readFileSync(target, 'utf8')).toMatch(/named\n$/);
  });
});

test('in the background it stops at its terminal as other readers do', async () => {
  const script = `set -m; ${TINYRUN} run --rm -i busybox cat & pid=$!; for i in $(seq 2000); do grep -q "T (stopped)" /proc/$pid/status && echo stopped && break; sleep 0.05; done; kill -9 $pid`;
  const at = file('job.sh', script);
  const fd = openSync('/dev/null', 'r');
  const { stdout } = await execute('script', ['-qec', `bash ${at}`, '/dev/null'], {
    env: sandbox.env,
    stdio: [fd, 'pipe', 'pipe'],
  });
  closeSync(fd);
  expect(stdout).toContain('stopped');
  await sandbox.tinyrun(['ps']);
});
