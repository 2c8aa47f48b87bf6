import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkEnv } from '../../../../src/engine/config/env.ts';
import { ConfigError } from '../../../../src/engine/config/error.ts';
import { TinyrunError } from '../../../../src/errors.ts';
import { taken } from './support.ts';

/** What the engine refuses, as the command line says it. */
function said(field: string, flags: object, problem = 'no', hint?: string): string[] {
  const refuse = () => {
    throw new ConfigError(field, problem, { ...(hint && { hint }) });
  };
  try {
    taken({ ...flags }, refuse);
  } catch (error) {
    if (error instanceof TinyrunError) return hint ? [error.message, error.hint] : [error.message];
  }
  return [];
}

describe('a field is called by its flag, with the value as it was written', () => {
  test.each<[string, object, string]>([
    ['limits.memory', { memory: '3m' }, '--memory "3m": no'],
    ['limits.memory', {}, '--memory: no'],
    ['cidfile', { cidfile: '/a b' }, '--cidfile /a b: no'],
    ['groups[1]', { groupAdd: ['a', 'b'] }, '--group-add b: no'],
    ['security.capabilities.drop[0]', { capDrop: ['x"y'] }, '--cap-drop "x\\"y": no'],
    ['network', { net: 'host' }, '--net "host": no'],
    ['network.container', { network: 'container:a', net: 'host' }, '--network container:a: no'],
    ['sysctls.net.a.b', { sysctl: ['net.a=1', 'net.a.b=2', 'c=3'] }, '--sysctl "net.a.b=2": no'],
    ['names.options[1]', { dnsOption: ['a'], dnsOpt: ['b'] }, '--dns-opt "b": no'],
    ['stop.signal', { stopSignal: 'KILL' }, '--stop-signal "KILL": no'],
    ['whatever', {}, 'whatever: no'],
  ])('%s of %j', (field, flags, message) => expect(said(field, flags)).toEqual([message]));

  test('a mount by the flag that gave it, in docker’s words where --mount did', () => {
    const flags = { volume: ['/a:/a'], mount: ['type=bind,src=/%s,dst=/b'], tmpfs: ['/c'] };
    const mount = '--mount "type=bind,src=/%s,dst=/b"';
    expect(said('mounts[0].target', flags)).toEqual(['--volume "/a:/a": no']);
    expect(said('mounts[1].target', flags)).toEqual([`${mount}: invalid mount config for type "bind": no`]);
    expect(said('mounts[1].source', flags)).toEqual(['--mount: no']);
    expect(said('mounts[1]', flags)).toEqual([`${mount}: no`]);
    expect(said('mounts[2].options', flags)).toEqual(['--tmpfs "/c": no']);
  });

  test('the lines of files come before the flags', () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'tinyrun-')), 'env');
    writeFileSync(file, 'A=1\nB=2\n');
    const flags = { envFile: [file], env: ['A=1', '=x'] };
    expect(() => taken(flags, ({ env = [] }) => checkEnv(env))).toThrow('--env "=x": no variable name');
    rmSync(path.dirname(file), { recursive: true });
  });

  test('a hint speaks of other fields', () => {
    const hint = 'leave {namespaces.user} out, or {network} host';
    expect(said('security.privileged', { privileged: true, net: 'x' }, 'no', hint)).toEqual([
      '--privileged: no',
      'leave --userns out, or --net host',
    ]);
    expect(new ConfigError('a', 'no', { hint }).hint).toBe('leave namespaces.user out, or network host');
  });

  test('other errors stay as they are', () => {
    const error = new TinyrunError('IMAGE_NOT_FOUND', 'no such image');
    expect(() =>
      taken({}, () => {
        throw error;
      }),
    ).toThrow(error);
  });
});
