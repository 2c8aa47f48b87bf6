import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import { TinyrunError } from '../../errors.ts';
import { DEFAULT_DOMAIN } from '../../image/reference.ts';
import { bareHost, CredentialStore } from '../../image/registry/credentials.ts';
import type { Command, Context } from '../command.ts';
import { readLine, readSecret } from '../output/ask.ts';

interface Flags {
  readonly username?: string;
  readonly password?: string;
  readonly passwordStdin?: boolean;
}

export const command: Command = {
  usage: '[options] [SERVER]',
  examples: [
    'tinyrun login ghcr.io',
    'echo "$TOKEN" | tinyrun login -u ada --password-stdin registry.example',
  ],
  define(program, context) {
    program
      .argument('[server]')
      .option('-u, --username <NAME>')
      .option('-p, --password <PASSWORD>', 'seen by all who list processes: better --password-stdin')
      .option('--password-stdin', 'read the password from standard input')
      .action((server: string | undefined, flags: Flags) => login(server ?? DEFAULT_DOMAIN, flags, context));
  },
};

async function login(server: string, flags: Flags, context: Context): Promise<void> {
  const host = bareHost(server);
  const credentials = await ask(flags, context);
  const { checkLogin } = await import('../../image/registry/login.ts');
  await checkLogin(host, credentials);
  const store = new CredentialStore();
  const where = await store.set(host, credentials);
  if (where === store.path)
    context.err(`The password is stored unencrypted in ${where}: a credential helper keeps it safer\n`);
  context.out('Login Succeeded\n');
}

async function ask(flags: Flags, context: Context): Promise<{ username: string; secret: string }> {
  if (flags.password !== undefined && flags.passwordStdin)
    throw new TinyrunError('USAGE', '--password and --password-stdin exclude each other');
  if (flags.passwordStdin && flags.username === undefined)
    throw new TinyrunError('USAGE', '--password-stdin needs --username');
  const given = flags.passwordStdin ? await readAll() : flags.password;
  if ((flags.username === undefined || given === undefined) && !isatty(0))
    throw new TinyrunError('USAGE', 'standard input is no terminal to ask for a user name and password on', {
      hint: 'use --username and --password-stdin',
    });
  if (flags.username === undefined) context.err('Username: ');
  const username = flags.username ?? readLine();
  const secret = given ?? (await readSecret('Password: ', context));
  if (username === '' || secret === '')
    throw new TinyrunError('USAGE', 'user name and password cannot be empty');
  return { username, secret };
}

/** Without the end of line that echo adds. */
async function readAll(): Promise<string> {
  return readFileSync(0, 'utf8').replace(/\r?\n$/, '');
}
