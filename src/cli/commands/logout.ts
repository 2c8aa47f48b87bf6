import { DEFAULT_DOMAIN } from '../../image/reference.ts';
import type { Command, Context } from '../command.ts';

export const command: Command = {
  name: 'logout',
  summary: 'forget the password of a registry',
  usage: '[SERVER]',
  examples: ['tinyrun logout ghcr.io'],
  define(program, context) {
    program
      .argument('[server]')
      .action((server: string | undefined) => logout(server ?? DEFAULT_DOMAIN, context));
  },
};

async function logout(server: string, context: Context): Promise<void> {
  const { CredentialStore } = await import('../../image/registry/credentials.ts');
  const known = await new CredentialStore().erase(server);
  context.out(known ? `Removing login credentials for ${server}\n` : `Not logged in to ${server}\n`);
}
