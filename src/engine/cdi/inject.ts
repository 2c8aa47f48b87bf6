import { TinyrunError } from '../../errors.ts';
import type {
  Hook,
  Hooks,
  Linux,
  LinuxDevice,
  LinuxDeviceCgroup,
  Mount,
  Process,
  Spec,
} from '../../spec/types.ts';
import { mergeEnv } from '../config/env.ts';
import { cleanTarget } from '../config/mounts.ts';
import type { CdiEdits, CdiHook, CdiMount, CdiNode, CdiSpec } from './spec.ts';

/** Answers what lies at a path of the host, where it is a device. */
export type DeviceAt = (hostPath: string, path: string) => LinuxDevice | undefined;

/** A specification that was found, later ones before earlier ones of the same device. */
export interface FoundCdi {
  readonly path: string;
  readonly spec: CdiSpec;
}

/**
 * A container's spec with what its devices need: the edits of each specification once, then those of each device, in the
 * order they are asked for. Pure but for `deviceAt`.
 * @throws TinyrunError USAGE, UNSUPPORTED, in the words of the reference implementation
 */
export function injectDevices(
  spec: Spec,
  names: readonly string[],
  found: readonly FoundCdi[],
  deviceAt: DeviceAt,
): Spec {
  const resolved = names.map((name) => ({ name, device: lookUp(name, found) }));
  const missing = resolved.filter(({ device }) => device === undefined).map(({ name }) => name);
  if (missing.length > 0)
    throw new TinyrunError(
      'USAGE',
      `CDI device injection failed: unresolvable CDI devices ${missing.join(', ')}`,
      {
        hint: 'specifications of devices are looked for in /etc/cdi/*.json and /var/run/cdi/*.json; those in YAML are not read yet',
      },
    );
  const devices = resolved.flatMap(({ device }) => device ?? []);
  const common = [...new Set(devices.map(({ source }) => source))].map(
    ({ spec: { containerEdits } }) => containerEdits,
  );
  const own = [...new Map(devices.map((device) => [device.edits, device.edits])).values()];
  return [...common, ...own].reduce<Spec>((edited, edits) => applyEdits(edited, edits ?? {}, deviceAt), spec);
}

function lookUp(name: string, found: readonly FoundCdi[]) {
  const at = name.indexOf('=');
  const [kind, wanted] = [name.slice(0, at), name.slice(at + 1)];
  for (const source of found) {
    const device =
      source.spec.kind === kind ? source.spec.devices.find((each) => each.name === wanted) : undefined;
    if (device) return { source, edits: device.containerEdits };
  }
  return undefined;
}

function applyEdits(spec: Spec, edits: CdiEdits, deviceAt: DeviceAt): Spec {
  for (const field of ['intelRdt', 'netDevices'] as const)
    if (edits[field] !== undefined)
      throw new TinyrunError(
        'UNSUPPORTED',
        `CDI device injection failed: ${field} of a device is not supported`,
      );
  const { process, linux = {} } = spec;
  const nodes = (edits.deviceNodes ?? []).map((node) => nodeOf(node, spec, deviceAt));
  return {
    ...spec,
    ...(process && { process: processOf(process, edits) }),
    ...(edits.mounts && { mounts: withMounts(spec.mounts ?? [], edits.mounts) }),
    ...(edits.hooks && { hooks: edits.hooks.reduce(withHook, spec.hooks ?? {}) }),
    ...(nodes.length > 0 && { linux: withNodes(linux, nodes) }),
  };
}

function processOf(process: Process, { env = [], additionalGids = [] }: CdiEdits): Process {
  const { uid, gid, additionalGids: own = [], ...user } = process.user ?? { uid: 0, gid: 0 };
  const groups = additionalGids.filter((group) => group !== 0);
  return {
    ...process,
    env: mergeEnv(process.env ?? [], env),
    ...(groups.length > 0 && {
      user: { ...user, uid, gid, additionalGids: [...new Set([...own, ...groups])] },
    }),
  };
}

interface Node {
  readonly device: LinuxDevice;
  readonly rule: readonly LinuxDeviceCgroup[];
}

function withNodes(linux: Linux, nodes: readonly Node[]): Linux {
  const { devices = [], resources } = linux;
  const paths = nodes.map(({ device }) => device.path);
  const kept = devices.filter(({ path }) => !paths.includes(path));
  const rules = [...(resources?.devices ?? []), ...nodes.flatMap(({ rule }) => rule)];
  return {
    ...linux,
    devices: [...kept, ...nodes.map(({ device }) => device)],
    resources: { ...resources, devices: rules },
  };
}

/** What a specification leaves out of a node is the host's; its owner is the program's user, where that is not root. */
function nodeOf(
  { path, hostPath = path, permissions = 'rwm', ...given }: CdiNode,
  { process }: Spec,
  deviceAt: DeviceAt,
): Node {
  const type = given.type === 'u' ? 'c' : given.type;
  const isWhole = type === 'p' || (type && given.major !== undefined && given.minor !== undefined);
  const host = isWhole ? undefined : deviceAt(hostPath, path);
  if (!isWhole && host === undefined)
    throw new TinyrunError('USAGE', `CDI device injection failed: ${hostPath} is no device on this host`);
  if (host && type && host.type !== type)
    throw new TinyrunError('USAGE', `CDI device injection failed: ${hostPath} is no device of type ${type}`);
  const { uid, gid } = process?.user ?? {};
  const device: LinuxDevice = {
    path,
    type: (type as LinuxDevice['type'] | '' | undefined) || host?.type || 'c',
    major: given.major ?? host?.major ?? 0,
    minor: given.minor ?? host?.minor ?? 0,
    fileMode: given.fileMode ?? host?.fileMode ?? 0o666,
    uid: given.uid ?? (uid || host?.uid || 0),
    gid: given.gid ?? (gid || host?.gid || 0),
  };
  const { type: kind, major = 0, minor = 0 } = device;
  if (kind === 'p') return { device, rule: [] };
  const access = permissions || 'rwm';
  return { device, rule: [{ allow: true, type: kind === 'b' ? 'b' : 'c', major, minor, access }] };
}

/** One on the same place is replaced; an outer mount comes before an inner one. */
function withMounts(mounts: readonly Mount[], added: readonly CdiMount[]): Mount[] {
  const made = added.map(({ hostPath, containerPath, type = 'bind', options = [] }) => ({
    destination: cleanTarget(containerPath),
    type: type || 'bind',
    source: hostPath,
    options:
      type === 'bind' && !options.some((word) => /^r?bind$/.test(word)) ? ['rbind', ...options] : options,
  }));
  const places = made.map(({ destination }) => destination);
  const depth = ({ destination }: Mount) => destination.split('/').filter(Boolean).length;
  const kept = mounts.filter(({ destination }) => !places.includes(cleanTarget(destination)));
  return [...kept, ...made].sort((a, b) => depth(a) - depth(b));
}

/** Those that run in the container's namespaces; for the others somebody of ours would have to stay and wait. */
function withHook(hooks: Hooks, { hookName, path, args, env, timeout }: CdiHook): Hooks {
  if (hookName !== 'createContainer' && hookName !== 'startContainer')
    throw new TinyrunError(
      'UNSUPPORTED',
      `CDI device injection failed: a ${hookName} hook, ${path}: hooks are createContainer and startContainer here`,
    );
  const hook: Hook = { path, ...(args && { args }), ...(env && { env }), ...(timeout ? { timeout } : {}) };
  return { ...hooks, [hookName]: [...(hooks[hookName] ?? []), hook] };
}
