import type { TmpfsConfig } from '../../../engine/config/types.ts';

/** `/run:size=64m,mode=755`. */
export function parseTmpfs(text: string): TmpfsConfig {
  const colon = text.indexOf(':');
  const [target, options] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  return { kind: 'tmpfs', target, ...(options === '' ? {} : { options: options.split(',') }) };
}
