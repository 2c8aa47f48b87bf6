import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { setting, settingsDirectories } from '../../../src/cli/settings.ts';

const dir = mkdtempSync(join(tmpdir(), 'tinyrun-settings-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** A directory with such a file. */
function having(name: string, text: string): string {
  mkdirSync(join(dir, name), { recursive: true });
  writeFileSync(join(dir, name, 'tinyrun.json'), text);
  return join(dir, name);
}

describe('tinyrun.json', () => {
  test('is the user’s before the host’s', () => {
    expect(settingsDirectories({ HOME: '/home/me' })).toEqual(['/home/me/.config/tinyrun', '/etc/tinyrun']);
    expect(settingsDirectories({ HOME: '/home/me', XDG_CONFIG_HOME: '/c' })[0]).toBe('/c/tinyrun');
    expect(settingsDirectories({})).toEqual(['/etc/tinyrun']);
    const [own, host] = [
      having('own', '{"publishHost":"127.0.0.1"}'),
      having('host', '{"publishHost":"::1"}'),
    ];
    expect(setting('publishHost', [own, host])).toBe('127.0.0.1');
    expect(setting('publishHost', [having('empty', '{}'), host])).toBe('::1');
    expect(setting('publishHost', [join(dir, 'none')])).toBeUndefined();
  });

  test.each<[string, RegExp, RegExp]>([
    ['', /no JSON object/, /publishHost/],
    ['[]', /no JSON object/, /publishHost/],
    ['{"publishHost":', /no JSON object/, /publishHost/],
    [`{"publishHost":"${' '.repeat(1 << 16)}"}`, /no JSON object/, /publishHost/],
    ['{"publishHost":"loopback"}', /publishHost "loopback": invalid IP address/, /networks\.md/],
    ['{"publishHost":["::1"]}', /publishHost \["::1"\]: invalid IP address/, /networks\.md/],
    ['{"publishhost":"::1"}', /unknown setting "publishhost"/, /there are: publishHost/],
    ['{"__proto__":1}', /unknown setting "__proto__"/, /there are: publishHost/],
  ])('%j is refused', (text, message, hint) => {
    const where = having('bad', text);
    expect(() => setting('publishHost', [where])).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    );
  });

  test('a pipe of that name keeps nobody waiting', () => {
    mkdirSync(join(dir, 'pipe'));
    execFileSync('mkfifo', [join(dir, 'pipe/tinyrun.json')]);
    expect(() => setting('publishHost', [join(dir, 'pipe')])).toThrow(/no JSON object/);
  });
});
