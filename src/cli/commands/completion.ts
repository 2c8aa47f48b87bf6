import { TinyrunError } from '../../errors.ts';
import type { Command } from '../command.ts';
import { SCRIPTS } from '../completion/scripts.ts';

export const command: Command = {
  usage: 'bash|zsh|fish',
  examples: [
    'source <(tinyrun completion bash)',
    'tinyrun completion zsh > ~/.zfunc/_tinyrun',
    'tinyrun completion fish > ~/.config/fish/completions/tinyrun.fish',
  ],
  define(program, context) {
    program.argument('<shell>').action((shell: string) => {
      const script = SCRIPTS[shell];
      if (script === undefined)
        throw new TinyrunError('USAGE', `unknown shell ${JSON.stringify(shell)}: bash, zsh or fish`);
      context.out(script);
    });
  },
};
