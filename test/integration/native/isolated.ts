import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { NativeAddon } from '../../../src/native/index.ts';
import { addonPaths } from '../../../src/native/index.ts';

const [ADDON] = addonPaths(join(import.meta.dirname, '../../..'));

export const CLONE_NEWNS = 0x20000;
export const CLONE_NEWNET = 0x40000000;

/** What `body` has at hand; it is sent to another process as text and may use nothing else. */
export interface Tools {
  readonly addon: NativeAddon;
  readonly fs: typeof import('node:fs');
  /** The errno name a call fails with, or 'success'. */
  code(call: () => unknown): string;
}

/**
 * Runs `body` in a process of its own that has unshared `flags` (of a mount namespace nothing propagates back), so
 * that mounts and networks end with it. Answers what it returns.
 */
export function isolated<T>(flags: number, body: (tools: Tools) => T | Promise<T>): T {
  const script = `
    const holder = { exports: {} };
    process.dlopen(holder, ${JSON.stringify(ADDON)});
    const addon = holder.exports;
    addon.useSyscallError(class extends Error {
      constructor(syscall, errno, code, reason, path, flags) {
        super([syscall, path, flags, code].join(' '));
        Object.assign(this, { syscall, errno, code, path, flags });
      }
    });
    if (${flags}) addon.unshare(${flags});
    if (${flags & CLONE_NEWNS}) addon.mount('none', '/', '', 0x4000 | 0x40000);
    const code = (call) => { try { call(); return 'success'; } catch (error) { return error.code ?? String(error); } };
    Promise.resolve((${body})({ addon, fs: require('node:fs'), code })).then(
      (result) => require('node:fs').writeSync(1, JSON.stringify(result ?? null)),
      (error) => { console.error(error); process.exit(1); });`;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the isolated process ended with ${signal ?? status}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
