import { CAPABILITIES, SIGNALS } from '../../spec/linux.ts';
import { dict } from '../../store/dict.ts';

/** What can be listed of this host, for whoever asks: read only then. */
export type Listing =
  | 'containers'
  | 'running'
  | 'stopped'
  | 'paused'
  | 'images'
  | 'registries'
  | 'networks'
  | 'volumes'
  | 'variables'
  | 'files'
  | 'directories';

/** A word, or all of a listing, each with `before` in front of it. */
export type Source = string | { readonly all: Listing; readonly before?: string };

const all = (listing: Listing, before?: string): Source =>
  before === undefined ? { all: listing } : { all: listing, before };
const joined = (...words: readonly string[]): readonly Source[] => [...words, all('running', 'container:')];

const FILE = [all('files')];
/** Whose way to whom `network why` looks at. */
const ENDS = ['host', 'internet', all('containers')];
const IMAGE = [all('images')];
const SIGNAL = Object.keys(SIGNALS).map((name) => `SIG${name}`);
const CAPABILITY = ['ALL', ...CAPABILITIES.map((name) => name.replace('CAP_', ''))];
const PLATFORM = 'amd64 arm64 arm/v7 arm/v6 386 ppc64le riscv64 s390x'
  .split(' ')
  .map((name) => `linux/${name}`);
const ULIMIT =
  'core= cpu= data= fsize= locks= memlock= msgqueue= nice= nofile= nproc= rss= rtprio= rttime= sigpending= stack=';
const MOUNT = ['type=bind,source=', 'type=image,source=', 'type=tmpfs,target=', 'type=volume,source='];
const SECURITY = 'seccomp= seccomp=unconfined no-new-privileges apparmor= apparmor=unconfined';
const CHANGE = 'CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD USER VOLUME WORKDIR'.split(' ');
const FORMAT = ['json', 'table'];

/** Values of flags; one of `COMMAND --flag` stands before one of `--flag`. */
const FLAGS: Readonly<Record<string, readonly Source[]>> = dict({
  '--attach': ['STDIN', 'STDOUT', 'STDERR'],
  '--blkio-weight-device': FILE,
  '--arch': ['amd64', 'arm64', 'arm', '386', 'riscv64'],
  '--cap-add': CAPABILITY,
  '--cap-drop': CAPABILITY,
  '--cgroupns': ['private', 'host'],
  '--cidfile': FILE,
  '--change': CHANGE,
  '--data-root': [all('directories')],
  '--device': FILE,
  '--device-read-bps': FILE,
  '--device-read-iops': FILE,
  '--device-write-bps': FILE,
  '--device-write-iops': FILE,
  '--dns': [],
  '--env': [all('variables')],
  '--env-file': FILE,
  '--format': FORMAT,
  '--input': FILE,
  '--label-file': FILE,
  '--ipc': joined('private', 'host', 'none'),
  '--mount': MOUNT,
  '--net': [...joined('none', 'host'), all('networks')],
  '--network': [...joined('none', 'host'), all('networks')],
  '--os': ['linux'],
  '--output': FILE,
  '--pid': joined('private', 'host'),
  '--platform': PLATFORM,
  '--pull': ['missing', 'never', 'always'],
  '--restart': ['no', 'on-failure', 'on-failure:', 'always', 'unless-stopped'],
  '--run-root': [all('directories')],
  '--security-opt': SECURITY.split(' '),
  '--signal': SIGNAL,
  '--stop-signal': SIGNAL,
  '--systemd': ['true', 'false', 'always'],
  '--type': ['container', 'image'],
  '--ulimit': ULIMIT.split(' '),
  '--userns': ['host', 'private'],
  '--uts': joined('private', 'host'),
  '--volume': [...FILE, all('volumes')],
  '--volumes-from': [all('containers')],
  'build --call': ['check', 'outline', 'targets'],
  'build --format': ['text', 'json'],
  'build --file': FILE,
  'events --filter': [
    ...'type=container type=image type=network type=volume event= image= label= scope=local'.split(' '),
    all('containers', 'container='),
    all('networks', 'network='),
    all('volumes', 'volume='),
  ],
  'network create --driver': ['bridge', 'macvlan'],
  'network create --opt': [
    ...'enable_icc= enable_ip_masquerade= host_binding_ipv4= name='
      .split(' ')
      .map((key) => `com.docker.network.bridge.${key}`),
    'com.docker.network.driver.mtu=',
    'macvlan_mode=',
    'parent=',
  ],
  'network graph --html': FILE,
  'network graph --svg': FILE,
  'network ls --filter': [
    ...'dangling=true dangling=false driver=bridge driver=host driver=null label= name= type=builtin type=custom'.split(
      ' ',
    ),
  ],
  'network prune --filter': ['until=', 'label=', 'label!='],
  'volume ls --filter': ['dangling=true', 'dangling=false', 'driver=local', 'label=', 'name='],
  'volume prune --filter': ['all=true', 'label=', 'label!='],
  'ps --filter': [
    ...'id= name= label= exited= health= status=created status=restarting status=exited status=paused status=running'.split(
      ' ',
    ),
    all('images', 'ancestor='),
    all('containers', 'before='),
    all('containers', 'since='),
    all('networks', 'network='),
    all('volumes', 'volume='),
  ],
  'images --filter': 'dangling=true dangling=false label= until= reference= before= since='.split(' '),
  'container prune --filter': ['until=', 'label=', 'label!='],
  'image prune --filter': ['until=', 'label=', 'label!='],
});

/** Arguments by their place; the last one's words stand for all that follow. */
const ARGUMENTS: Readonly<Record<string, readonly (readonly Source[])[]>> = dict({
  build: [[all('directories')]],
  create: [IMAGE],
  commit: [[all('containers')], IMAGE],
  completion: [['bash', 'zsh', 'fish']],
  'container inspect': [[all('containers')]],
  cp: [[all('containers'), all('files')]],
  diff: [[all('containers')]],
  exec: [[all('running')], []],
  export: [[all('containers')]],
  history: [IMAGE],
  images: [IMAGE],
  import: [FILE, []],
  inspect: [[all('containers'), all('images')]],
  kill: [[all('running')]],
  login: [[all('registries')]],
  logout: [[all('registries')]],
  port: [[all('containers')], []],
  push: [IMAGE],
  pull: [IMAGE],
  rm: [[all('containers')]],
  rmi: [IMAGE],
  pause: [[all('running')]],
  rename: [[all('containers')], []],
  run: [IMAGE],
  unpause: [[all('paused')]],
  update: [[all('containers')]],
  restart: [[all('containers')]],
  start: [[all('stopped')]],
  stop: [[all('running')]],
  wait: [[all('running')]],
  why: [[all('containers')]],
  save: [IMAGE],
  tag: [IMAGE],
  stats: [[all('running')]],
  top: [[all('running')], []],
  'image inspect': [IMAGE],
  'image tree': [IMAGE],
  'network connect': [[all('networks')], [all('containers')]],
  'network disconnect': [[all('networks')], [all('containers')]],
  'network inspect': [[all('networks')]],
  'network rm': [[all('networks')]],
  'network why': [ENDS, ENDS],
  'volume inspect': [[all('volumes')]],
  'volume rm': [[all('volumes')]],
});

/** Words for the value of a flag of a verb, which is called `name` among ourselves; undefined where nothing is known of it. */
export function valuesOf(name: string, flag: string): readonly Source[] | undefined {
  return FLAGS[`${name} ${flag}`] ?? FLAGS[flag];
}

/** Words for the argument at a place. */
export function argumentsOf(name: string, place: number): readonly Source[] | undefined {
  const places = ARGUMENTS[name];
  return places?.[place] ?? places?.at(-1);
}
