import { describe, expect, test } from 'vitest';
import { readImageConfig } from '../../../src/image/config.ts';

// What Docker 20.10 loads and what it refuses, measured with images made by hand.

const read = (config: unknown, top: object = {}) =>
  readImageConfig({ os: 'linux', architecture: 'amd64', config, ...top }, 'config X');

describe('taken', () => {
  test.each<[object | null, object]>([
    [{ Cmd: 'id' }, { Cmd: ['id'] }],
    [{ Cmd: 'echo hi' }, { Cmd: ['echo hi'] }],
    [{ Cmd: '' }, { Cmd: [] }],
    [{ Entrypoint: '["/bin/echo","x"]' }, { Entrypoint: ['["/bin/echo","x"]'] }],
    [{ Entrypoint: [''] }, { Entrypoint: [''] }],
    [{ Env: [null, 'B=1'] }, { Env: ['', 'B=1'] }],
    [{ Env: null, User: null, Labels: null }, {}],
    [
      { cmd: ['echo'], workingdir: '/etc' },
      { Cmd: ['echo'], WorkingDir: '/etc' },
    ],
    [{ Volumes: { '/a': {}, '/b': null } }, { Volumes: { '/a': {}, '/b': {} } }],
    [{ Labels: { a: null, b: '1' } }, { Labels: { a: '', b: '1' } }],
    [{ StopSignal: '' }, { StopSignal: '' }],
    [{ SomethingElse: [1] }, { SomethingElse: [1] }],
  ])('%j', (given, config) => expect(read(given).config).toEqual(config));

  test('no config, and no platform', () => {
    expect(read(null).config).toBeUndefined();
    expect(readImageConfig({}, 'X')).toEqual({
      os: 'linux',
      architecture: 'unknown',
      rootfs: { type: 'layers', diff_ids: [] },
    });
  });

  test('no name of JavaScript’s own becomes anything else', () => {
    const { config } = read(JSON.parse('{"__proto__":{"Cmd":["x"]},"Labels":{"__proto__":"y"}}'));
    expect(config?.Cmd).toBeUndefined();
    expect(Object.keys(config?.Labels ?? {})).toEqual(['__proto__']);
  });

  test('a thousand volumes and no more: each is made while nobody can interrupt', () => {
    const some = (count: number) => ({
      Volumes: Object.fromEntries(Array.from({ length: count }, (_, i) => [`/v${i}`, {}])),
    });
    expect(Object.keys(read(some(1000)).config?.Volumes ?? {})).toHaveLength(1000);
    expect(() => read(some(1001))).toThrow(
      'config X: config.Volumes has 1001 members, at most 1000 are taken',
    );
  });
});

describe('refused by name', () => {
  test.each<[object | string | number, string]>([
    [{ Cmd: [1] }, 'config.Cmd[0] is a number, not a string'],
    [{ Cmd: 5 }, 'config.Cmd is a number, not a list'],
    [{ Cmd: {} }, 'config.Cmd is an object, not a list'],
    [{ Entrypoint: [['x']] }, 'config.Entrypoint[0] is a list, not a string'],
    [{ Env: 'A=1' }, 'config.Env is a string, not a list'],
    [{ Env: [1] }, 'config.Env[0] is a number, not a string'],
    [{ User: 5 }, 'config.User is a number, not a string'],
    [{ WorkingDir: 5 }, 'config.WorkingDir is a number, not a string'],
    [{ StopSignal: 9 }, 'config.StopSignal is a number, not a string'],
    [{ Volumes: true }, 'config.Volumes is a boolean, not an object'],
    [{ Volumes: ['/x'] }, 'config.Volumes is a list, not an object'],
    [{ Labels: { a: 1 } }, 'config.Labels.a is a number, not a string'],
    [{ Labels: ['a=1'] }, 'config.Labels is a list, not an object'],
    [{ ExposedPorts: ['80'] }, 'config.ExposedPorts is a list, not an object'],
    [{ Healthcheck: { Test: 'x' } }, 'config.Healthcheck.Test is a string, not a list'],
    [{ Healthcheck: { Retries: 1.5 } }, 'config.Healthcheck.Retries is a number, not a whole number'],
    [{ OnBuild: 'x' }, 'config.OnBuild is a string, not a list'],
    [{ user: {} }, 'config.User is an object, not a string'],
    ['x', 'config is a string, not an object'],
  ])('%j', (given, message) =>
    expect(() => read(given)).toThrow(
      expect.objectContaining({ code: 'BAD_IMAGE', message: `config X: ${message}` }),
    ),
  );

  test.each<[object, string]>([
    [{ os: 5 }, 'os is a number, not a string'],
    [{ history: 'x' }, 'history is a string, not a list'],
    [{ history: [{ created: 'x' }] }, 'history[0].created is no time: "x"'],
    [{ created: 'yesterday' }, 'created is no time: "yesterday"'],
    [{ created: 5 }, 'created is a number, not a string'],
    [{ rootfs: { diff_ids: 'x' } }, 'rootfs.diff_ids is a string, not a list'],
    [{ rootfs: 7 }, 'rootfs is a number, not an object'],
  ])('%j', (top, message) => expect(() => read({}, top)).toThrow(`config X: ${message}`));
});
