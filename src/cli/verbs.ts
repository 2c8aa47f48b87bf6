import { dict } from '../store/dict.ts';
import type { Table, Verb } from './verb.ts';

/** The verbs in the order of `tinyrun --help`. */
const verbs: readonly Verb[] = [
  {
    names: ['run', 'container run'],
    summary: 'run a command in a new container',
    hot: {
      args: ['--rm', '--network', 'none', '--pull', 'never', 'busybox', 'true'],
      also: () => import('./output/explain-run.ts'),
    },
    load: () => import('./commands/run.ts'),
  },
  {
    names: ['create', 'container create'],
    summary: 'make a container without running it',
    load: () => import('./commands/create.ts'),
  },
  {
    names: ['start', 'container start'],
    summary: 'run containers that were made, or have ended',
    load: () => import('./commands/start.ts'),
  },
  {
    names: ['exec', 'container exec'],
    summary: 'run a command in a running container',
    load: () => import('./commands/exec.ts'),
  },
  {
    names: ['top', 'container top'],
    summary: 'show the processes of a container',
    load: () => import('./commands/top.ts'),
  },
  {
    names: ['diff', 'container diff'],
    summary: "show what a container has changed of its image's files",
    load: () => import('./commands/diff.ts'),
  },
  {
    names: ['stop', 'container stop'],
    summary: 'end running containers',
    load: () => import('./commands/stop.ts'),
  },
  {
    names: ['restart', 'container restart'],
    summary: 'stop containers and start them again',
    load: () => import('./commands/restart.ts'),
  },
  {
    names: ['logs', 'container logs'],
    summary: 'show what a container wrote',
    load: () => import('./commands/logs.ts'),
  },
  {
    names: ['attach', 'container attach'],
    summary: 'join your terminal to that of a running container',
    load: () => import('./commands/attach.ts'),
  },
  {
    names: ['kill', 'container kill'],
    summary: 'send a signal to running containers',
    load: () => import('./commands/kill.ts'),
  },
  {
    names: ['wait', 'container wait'],
    summary: 'wait until containers end, and print their exit codes',
    load: () => import('./commands/wait.ts'),
  },
  {
    names: ['pause', 'container pause'],
    summary: 'stop the processes of containers where they are',
    load: () => import('./commands/pause.ts'),
  },
  {
    names: ['unpause', 'container unpause'],
    summary: 'let the processes of paused containers go on',
    load: () => import('./commands/unpause.ts'),
  },
  {
    names: ['rename', 'container rename'],
    summary: 'give a container another name',
    load: () => import('./commands/rename.ts'),
  },
  {
    names: ['update', 'container update'],
    summary: 'change the limits of containers, and what they are started with',
    load: () => import('./commands/update.ts'),
  },
  {
    names: ['volume update'],
    summary: 'refused: Docker has it for volumes of a cluster',
    hidden: true,
    load: () => import('./commands/volume-update.ts'),
  },
  {
    names: ['ps', 'container ls', 'container list', 'container ps'],
    summary: 'list containers',
    hot: { args: [] },
    load: () => import('./commands/ps.ts'),
  },
  {
    names: ['rm', 'container rm', 'container remove'],
    summary: 'remove containers',
    load: () => import('./commands/rm.ts'),
  },
  {
    names: ['container prune'],
    summary: 'remove all containers that do not run',
    load: () => import('./commands/container-prune.ts'),
  },
  {
    names: ['inspect'],
    summary: 'show all that is known of containers and images, as JSON',
    load: () => import('./commands/inspect.ts'),
  },
  {
    names: ['why', 'container why'],
    summary: 'tell why a container ended, or does not start',
    load: () => import('./commands/why.ts'),
  },
  {
    names: ['container inspect'],
    summary: 'show all that is known of containers, as JSON',
    load: () => import('./commands/container-inspect.ts'),
  },
  {
    names: ['images', 'image ls', 'image list'],
    summary: 'list images',
    hot: { args: [] },
    load: () => import('./commands/images.ts'),
  },
  {
    names: ['pull', 'image pull'],
    summary: 'download an image from a registry',
    load: () => import('./commands/pull.ts'),
  },
  {
    names: ['rmi', 'image rm', 'image remove'],
    summary: 'remove images',
    load: () => import('./commands/rmi.ts'),
  },
  {
    names: ['tag', 'image tag'],
    summary: 'give an image another name',
    load: () => import('./commands/tag.ts'),
  },
  {
    names: ['image inspect'],
    summary: 'show all that is known of images, as JSON',
    load: () => import('./commands/image-inspect.ts'),
  },
  {
    names: ['history', 'image history'],
    summary: 'show how an image was made',
    load: () => import('./commands/history.ts'),
  },
  {
    names: ['image prune'],
    summary: 'remove images that nothing uses',
    load: () => import('./commands/image-prune.ts'),
  },
  {
    names: ['push', 'image push'],
    summary: 'upload an image to a registry',
    load: () => import('./commands/push.ts'),
  },
  {
    names: ['save', 'image save'],
    summary: 'write images into an archive',
    load: () => import('./commands/save.ts'),
  },
  {
    names: ['load', 'image load'],
    summary: 'read images from an archive of save or docker save',
    load: () => import('./commands/load.ts'),
  },
  {
    names: ['import', 'image import'],
    summary: 'make an image of a file system archive',
    load: () => import('./commands/import.ts'),
  },
  {
    names: ['image tree'],
    summary: 'show the layers of an image, what each adds and hides by directory, and the bytes wasted',
    load: () => import('./commands/image-tree.ts'),
  },
  {
    names: ['export', 'container export'],
    summary: 'write the file system of a container into an archive',
    load: () => import('./commands/export.ts'),
  },
  {
    names: ['commit', 'container commit'],
    summary: 'make an image of what a container has written',
    load: () => import('./commands/commit.ts'),
  },
  {
    names: ['login'],
    summary: 'give a registry a user name and password',
    load: () => import('./commands/login.ts'),
  },
  {
    names: ['logout'],
    summary: 'forget the password of a registry',
    load: () => import('./commands/logout.ts'),
  },
  {
    names: ['manifest inspect'],
    summary: 'show a manifest or an index as the registry has it',
    load: () => import('./commands/manifest-inspect.ts'),
  },
  {
    names: ['manifest create'],
    summary: 'put manifests of a registry together as a list, locally',
    load: () => import('./commands/manifest-create.ts'),
  },
  {
    names: ['manifest annotate'],
    summary: 'change the platform of a member of a list',
    load: () => import('./commands/manifest-annotate.ts'),
  },
  {
    names: ['manifest push'],
    summary: 'upload a list to its repository',
    load: () => import('./commands/manifest-push.ts'),
  },
  {
    names: ['manifest rm'],
    summary: 'remove local lists',
    load: () => import('./commands/manifest-rm.ts'),
  },
  {
    names: ['cp', 'container cp'],
    summary: 'copy files out of a container, or into it',
    load: () => import('./commands/cp.ts'),
  },
  {
    names: ['volume create'],
    summary: 'make a volume',
    load: () => import('./commands/volume-create.ts'),
  },
  {
    names: ['volume ls', 'volume list'],
    summary: 'list volumes',
    load: () => import('./commands/volume-ls.ts'),
  },
  {
    names: ['volume inspect'],
    summary: 'show all that is known of volumes, as JSON',
    load: () => import('./commands/volume-inspect.ts'),
  },
  {
    names: ['volume rm', 'volume remove'],
    summary: 'remove volumes that no container has',
    load: () => import('./commands/volume-rm.ts'),
  },
  {
    names: ['volume prune'],
    summary: 'remove all volumes without a name that no container has',
    load: () => import('./commands/volume-prune.ts'),
  },
  {
    names: ['stats', 'container stats'],
    summary: 'show what containers use, as they go on',
    load: () => import('./commands/stats.ts'),
  },
  {
    names: ['port', 'container port'],
    summary: 'show the published ports of a container',
    load: () => import('./commands/port.ts'),
  },
  {
    names: ['events', 'system events'],
    summary: 'show what happens to containers, images and volumes',
    load: () => import('./commands/events.ts'),
  },
  {
    names: ['info', 'system info'],
    summary: 'show what there is, and what it runs on',
    load: () => import('./commands/info.ts'),
  },
  {
    names: ['version'],
    summary: 'show what this is a build of',
    load: () => import('./commands/version.ts'),
  },
  {
    names: ['system df'],
    summary: 'show what images and containers take on disk',
    load: () => import('./commands/system-df.ts'),
  },
  {
    names: ['system start-all'],
    summary: 'start the containers that ran when the host went down',
    load: () => import('./commands/system-start-all.ts'),
  },
  {
    names: ['system prune'],
    summary: 'remove containers that do not run, and images and volumes that nothing uses',
    load: () => import('./commands/system-prune.ts'),
  },
  {
    names: ['system gc'],
    summary: 'take back what a crash left',
    load: () => import('./commands/system-gc.ts'),
  },
  {
    names: ['doctor'],
    summary: 'check the host point by point, and say how to mend it',
    load: () => import('./commands/doctor.ts'),
  },
  {
    names: ['completion'],
    summary: 'print a shell completion script',
    load: () => import('./commands/completion.ts'),
  },
  {
    names: ['_ended'],
    summary: 'start a container again as its policy says: for its monitor',
    hidden: true,
    load: () => import('./commands/ended.ts'),
  },
  {
    names: ['__complete'],
    summary: 'answer a shell that asks how a command line may go on',
    hidden: true,
    load: async () => ({ command: (await import('./commands/complete.ts')).completeFrom(TABLE) }),
  },
];

/** All that tinyrun can do. Lists, groups, completion, the start-up snapshot and its training are made from it. */
export const TABLE: Table = {
  verbs,
  groups: dict({
    container: {
      summary: 'manage containers',
      examples: ['tinyrun container ls -a', 'tinyrun container inspect web', 'tinyrun container rm -f web'],
    },
    image: {
      summary: 'manage images',
      examples: ['tinyrun image ls', 'tinyrun image inspect alpine', 'tinyrun image tree alpine'],
    },
    manifest: {
      summary: 'look at manifests of registries, and make lists of them',
      examples: ['tinyrun manifest inspect alpine'],
    },
    system: {
      summary: 'manage tinyrun itself',
      examples: ['tinyrun system df', 'tinyrun system df -v', 'tinyrun system events --since 10m'],
    },
    volume: {
      summary: 'manage volumes: directories that outlive containers',
      examples: ['tinyrun volume create data', 'tinyrun volume ls', 'tinyrun run -v data:/data busybox'],
    },
  }),
};
