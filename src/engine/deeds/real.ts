import fs from 'node:fs';
import { native } from '../../native/index.ts';
import type { NativeAddon } from '../../native/types.ts';

// node:fs and the addon as they are, whatever stands in for them by now. Loaded before anything does.

export const realFs: typeof fs = { ...fs };

let addon: NativeAddon | undefined;

export function realAddon(): NativeAddon {
  addon ??= { ...native() };
  return addon;
}
