import { NETLINK_NETFILTER } from '../plan/netlink/wire.ts';
import { protocolName, socketText } from '../plan/socket-address.ts';
import type { Step } from '../plan/types.ts';
import {
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  memoryPolicyName,
} from '../spec/linux.ts';

/** MOUNT_ATTR_* of linux/mount.h as mount(8) names them. */
const ATTRS: readonly (readonly [number, string])[] = [
  [MOUNT_ATTR_RDONLY, 'ro'],
  [MOUNT_ATTR_NOSUID, 'nosuid'],
  [MOUNT_ATTR_NODEV, 'nodev'],
  [MOUNT_ATTR_NOEXEC, 'noexec'],
  [MOUNT_ATTR_NOATIME, 'noatime'],
  [MOUNT_ATTR_STRICTATIME, 'strictatime'],
  [MOUNT_ATTR_NODIRATIME, 'nodiratime'],
  [MOUNT_ATTR_NOSYMFOLLOW, 'nosymfollow'],
];

function attrNames(attr: bigint): string[] {
  return ATTRS.filter(([bit]) => (Number(attr) & bit) !== 0).map(([, name]) => name);
}

function parenthesised(words: readonly string[]): string {
  return words.length === 0 ? '' : ` (${words.join(',')})`;
}

/** The first argument that names a thing: what most steps are about. */
function subject(args: object): string {
  const value = Object.values(args).find((entry) => typeof entry === 'string' && entry !== '');
  return value === undefined ? '' : ` ${value as string}`;
}

/** `makeDir` → `make dir`: a step's name in words. */
function words(op: string): string {
  return op.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** A step in a few words, the start of an error message: `mount proc on /proc (nosuid,noexec)`. */
export function phrase(step: Step): string {
  switch (step.op) {
    case 'mountFs': {
      const { type, target, attr, options } = step.args;
      return `mount ${type} on ${target}${parenthesised([...attrNames(attr), ...options])}`;
    }
    case 'bind': {
      const { source, target, attrSet, recAttrSet } = step.args;
      return `bind ${source || 'a mount'} on ${target}${parenthesised(attrNames(attrSet | recAttrSet))}`;
    }
    case 'rootfsOverlay':
      return `mount overlay on ${step.args.path} (${step.args.lowers.length} layers)`;
    case 'clone':
      return 'create the namespaces of the container';
    case 'sysctl':
      return `set sysctl ${step.args.key} to ${step.args.value.trim()}`;
    case 'setRlimit':
      return `set rlimit ${step.args.resource} to ${step.args.soft}:${step.args.hard}`;
    case 'setUser':
      return `become user ${step.args.uid}:${step.args.gid}`;
    case 'oomScoreAdj':
      return `set oom_score_adj to ${step.args.value}`;
    case 'memoryPolicy':
      return `set linux.memoryPolicy (${memoryPolicyName(step.args.mode)})`;
    case 'writeFile':
      return `write ${JSON.stringify(step.args.value.trim())} to ${step.args.path}`;
    case 'writeEither':
      return `write ${JSON.stringify(step.args.value)} to ${step.args.path} or ${JSON.stringify(step.args.otherValue)} to ${step.args.otherPath}`;
    case 'mountHost':
      return `mount ${step.args.type} on ${step.args.target}${parenthesised([...attrNames(step.args.attr), ...step.args.options])}`;
    case 'exec':
      return `run ${step.args.path}`;
    case 'linkMove':
      return `move network device ${step.args.name} into the container as ${step.args.as}`;
    case 'netlink':
      if (step.args.protocol === NETLINK_NETFILTER) return 'change the firewall';
      return step.args.device === '' ? 'change the network' : `set up network device ${step.args.device}`;
    case 'dial':
      return `connect to ${step.args.path}`;
    case 'serve':
      return 'hand the sockets for names to the resolver';
    case 'reserve':
      return `publish ${socketText(step.args.address)}/${protocolName(step.args.protocol)}`;
    case 'release':
      return `free ${socketText(step.args.address)}/${protocolName(step.args.protocol)}`;
    case 'chdir':
      return `change to working directory ${step.args.path}`;
    default:
      return `${words(step.op)}${subject(step.args)}`;
  }
}
