import { dict } from '../store/dict.ts';
import type { Command } from './command.ts';

interface Entry {
  readonly summary: string;
  readonly aliases?: readonly string[];
  readonly hidden?: boolean;
  /** Loads the one file of the verb; nothing of the others is read. */
  load(): Promise<{ command: Command }>;
}

/** The verbs in the order of `tinyrun --help`. A summary stands here too, so that the list loads no command. */
export const COMMANDS: Readonly<Record<string, Entry>> = dict({
  run: { summary: 'run a command in a new container', load: () => import('./commands/run.ts') },
  ps: { summary: 'list containers', load: () => import('./commands/ps.ts') },
  kill: { summary: 'send a signal to running containers', load: () => import('./commands/kill.ts') },
  rm: { summary: 'remove containers', load: () => import('./commands/rm.ts') },
  inspect: {
    summary: 'show all that is known of containers and images, as JSON',
    load: () => import('./commands/inspect.ts'),
  },
  images: { summary: 'list images', load: () => import('./commands/images.ts') },
  pull: { summary: 'download an image from a registry', load: () => import('./commands/pull.ts') },
  rmi: { summary: 'remove images', load: () => import('./commands/rmi.ts') },
  tag: { summary: 'give an image another name', load: () => import('./commands/tag.ts') },
  history: { summary: 'show how an image was made', load: () => import('./commands/history.ts') },
  push: { summary: 'upload an image to a registry', load: () => import('./commands/push.ts') },
  save: { summary: 'write images into an archive', load: () => import('./commands/save.ts') },
  load: {
    summary: 'read images from an archive of save or docker save',
    load: () => import('./commands/load.ts'),
  },
  import: { summary: 'make an image of a file system archive', load: () => import('./commands/import.ts') },
  export: {
    summary: 'write the file system of a container into an archive',
    load: () => import('./commands/export.ts'),
  },
  login: {
    summary: 'give a registry a user name and password',
    load: () => import('./commands/login.ts'),
  },
  logout: { summary: 'forget the password of a registry', load: () => import('./commands/logout.ts') },
  manifest: {
    summary: 'look at manifests of registries, and make lists of them',
    load: () => import('./commands/manifest.ts'),
  },
  system: { summary: 'manage tinyrun itself', load: () => import('./commands/system.ts') },
  image: { summary: 'manage images', load: () => import('./commands/image.ts') },
  doctor: {
    summary: 'check the host point by point, and say how to mend it',
    load: () => import('./commands/doctor.ts'),
  },
  completion: { summary: 'print a shell completion script', load: () => import('./commands/completion.ts') },
  __complete: {
    summary: 'answer a shell that asks how a command line may go on',
    hidden: true,
    load: () => import('./commands/complete.ts'),
  },
});

/** The entry of a verb or of one of its aliases. */
export function findCommand(name: string): Entry | undefined {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name];
  return Object.values(COMMANDS).find((entry) => entry.aliases?.includes(name));
}
