import type { Command as Program } from 'commander';
import type { RestartConfig } from '../../engine/config/types.ts';
import { TinyrunError } from '../../errors.ts';
import type { FlagGroup } from './group.ts';

interface Flags {
  readonly restart?: string;
  readonly rm?: boolean;
}

/** Whether it is started again when it has ended. */
export const restartFlags: FlagGroup<Flags> = {
  define: (program: Program) =>
    void program.option('--restart <POLICY>', 'when it ends: no, on-failure[:N], always, unless-stopped'),
  read: ({ restart, rm }) => {
    const policy = restart ? parseRestart(restart) : undefined;
    if (rm && policy && policy.on !== 'no')
      throw refused('conflicting options: cannot specify both --restart and --rm');
    return policy ? { restart: policy } : {};
  },
  names: { restart: '--restart %q', autoRemove: '--rm' },
};

const POLICIES = ['no', 'always', 'on-failure', 'unless-stopped'] as const;

/** As Docker reads it. @throws TinyrunError in its words */
export function parseRestart(text: string): RestartConfig {
  const at = text.indexOf(':');
  const [name, count] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  if (at === 0) throw refused('invalid restart policy format: no policy provided before colon');
  if (!/^(?:[+-]?\d+)?$/.test(count))
    throw refused('invalid restart policy format: maximum retry count must be an integer');
  const policy = POLICIES.find((known) => known === name);
  if (policy === undefined)
    throw refused(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  return {
    on: policy === 'on-failure' ? 'failure' : policy,
    ...(count === '' ? {} : { atMost: Number(count) }),
  };
}

const refused = (message: string): TinyrunError =>
  new TinyrunError('USAGE', message, {
    hint: 'no, on-failure, on-failure:3, always and unless-stopped are there',
  });
