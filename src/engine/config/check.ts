import { availableParallelism } from 'node:os';
import type { HostFacts } from '../../plan/host.ts';
import { machineSet } from '../../runtime/host.ts';
import { DEFAULT_CAPABILITIES, DEFAULT_SHM_SIZE } from '../../spec/defaults.ts';
import { capabilityNames } from '../../spec/linux.ts';
import type { LinuxResources, Mount, POSIXRlimit } from '../../spec/types.ts';
import { capabilitiesOf } from './capabilities.ts';
import { cgroupBelow } from './cgroup-parent.ts';
import { type DeviceGrant, deviceRulesOf, devicesOf } from './devices.ts';
import { checkEnv } from './env.ts';
import { ConfigError } from './error.ts';
import { checkExposed } from './exposed.ts';
import { checkFields } from './fields.ts';
import { checkHealth } from './health.ts';
import { bytesOf, discarded, type Machine, oomScoreAdjOf, resourcesOf, rlimitsOf } from './limits.ts';
import { type LogLimits, logLimits } from './log.ts';
import { cleanTarget, missingSources, mountsOf, relabelled } from './mounts.ts';
import { type Modes, namespaceModes } from './namespaces.ts';
import { checkPorts, discardedPorts } from './ports.ts';
import { checkPropagation } from './propagation.ts';
import { checkRestart } from './restart.ts';
import { checkStop } from './stop.ts';
import type { ContainerConfig } from './types.ts';

/** What a configuration comes to on this host, whatever its image is. */
export interface Checked {
  readonly modes: Modes;
  readonly capabilities: readonly string[];
  readonly resources: LinuxResources;
  readonly rlimits: readonly POSIXRlimit[];
  readonly oomScoreAdj?: number;
  readonly shmSize: number;
  readonly workdir: string | undefined;
  readonly mounts: readonly Mount[];
  /** Directories of the host that are to be made. */
  readonly missingSources: readonly string[];
  readonly devices: DeviceGrant;
  readonly log: LogLimits | undefined;
  /** The cgroup that its own is made in, from the root of the tree. */
  readonly cgroupParent: string;
  /** What is asked for and cannot be had, to be told where it is made. */
  readonly warnings: readonly string[];
}

/** Refuses what no image could make right: before one is fetched. @throws ConfigError */
export function checkConfig(config: ContainerConfig, host: HostFacts): Checked {
  const { limits = {}, security = {}, mounts = [], namespaces, hostname } = config;
  checkFields(config);
  if (namespaces?.uts === 'host' && hostname !== undefined)
    throw new ConfigError('hostname', 'conflicting options: hostname and the UTS mode');
  checkExposed(config.exposed ?? []);
  checkPorts(config);
  checkStop(config);
  checkRestart(config);
  checkHealth(config.health);
  checkEnv(config.env ?? []);
  checkPropagation(mounts);
  const held = capabilityNames(host.capabilities.effective);
  return {
    modes: namespaceModes(config),
    capabilities: capabilitiesOf(security, DEFAULT_CAPABILITIES, held),
    resources: resourcesOf(limits, machineOf(host)),
    rlimits: rlimitsOf(limits),
    ...oomScoreAdjOf(limits),
    shmSize: bytesOf('shmSize', config.shmSize) || DEFAULT_SHM_SIZE,
    workdir: config.workdir && workdirOf(config.workdir),
    mounts: mountsOf(mounts),
    missingSources: missingSources(mounts),
    devices: grantAll(config),
    log: logLimits(config.log),
    cgroupParent: cgroupBelow(config.cgroupParent),
    warnings: [...discarded(limits), ...relabelled(mounts), ...discardedPorts(config)],
  };
}

function grantAll({ devices = [], deviceRules = [], security }: ContainerConfig): DeviceGrant {
  const granted = devicesOf(devices, security?.privileged === true);
  return { ...granted, rules: [...granted.rules, ...deviceRulesOf(deviceRules)] };
}

const machineOf = ({ cgroup }: HostFacts): Machine => ({
  processors: availableParallelism(),
  readSet: (kind) => machineSet(cgroup, kind),
});

/** Cleaned before it is made, as runc and Docker do: of `/a/../b` there need be no /a. */
export function workdirOf(path: string): string {
  if (path.startsWith('/')) return cleanTarget(path);
  throw new ConfigError('workdir', 'not an absolute path');
}
