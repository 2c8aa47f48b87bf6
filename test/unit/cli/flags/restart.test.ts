import { expect, test } from 'vitest';
import { parseRestart, restartFlags } from '../../../../src/cli/flags/restart.ts';

test.each([
  ['no', { on: 'no' }],
  ['always', { on: 'always' }],
  ['unless-stopped', { on: 'unless-stopped' }],
  ['on-failure', { on: 'failure' }],
  ['on-failure:', { on: 'failure' }],
  ['on-failure:3', { on: 'failure', atMost: 3 }],
  // whether it can be is the engine's word
  ['always:3', { on: 'always', atMost: 3 }],
  ['on-failure:-1', { on: 'failure', atMost: -1 }],
])('%s', (text, policy) => expect(parseRestart(text)).toEqual(policy));

test.each([
  ['sometimes', "unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"],
  ['Always', "unknown policy 'Always'"],
  [':3', 'no policy provided before colon'],
  ['on-failure:x', 'maximum retry count must be an integer'],
  ['on-failure:3:4', 'maximum retry count must be an integer'],
  ['on-failure:1.5', 'maximum retry count must be an integer'],
])('%s is refused', (text, message) => expect(() => parseRestart(text)).toThrow(message));

test('together with removal', () => {
  const host = { env: {}, cwd: '/' };
  expect(restartFlags.read({ rm: true, restart: 'no' }, host)).toEqual({ restart: { on: 'no' } });
  expect(restartFlags.read({ rm: true, restart: '' }, host)).toEqual({});
  expect(() => restartFlags.read({ rm: true, restart: 'always' }, host)).toThrow(
    'conflicting options: cannot specify both --restart and --rm',
  );
});
