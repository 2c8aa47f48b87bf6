import { DEFAULT_DOMAIN } from '../../image/reference.ts';
import { bareHost, CredentialStore } from '../../image/registry/credentials.ts';
import type { Command, Context } from '../command.ts';

export const command: Command = {
  usage: '[SERVER]',
  examples: ['tinyrun logout ghcr.io'],
  define(program, context) {
    program
      .argument('[server]')
      .action((server: string | undefined) => logout(server ?? DEFAULT_DOMAIN, context));
  },
};

async function logout(server: string, context: Context): Promise<void> {
  const host = bareHost(server);
  const known = await new CredentialStore().erase(host);
  context.out(known ? `Removing login credentials for ${host}\n` : `Not logged in to ${host}\n`);
}
