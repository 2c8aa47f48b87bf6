import type { BoundPort } from '../../network/types.ts';
import { ConfigError } from './error.ts';
import { isOther } from './network.ts';
import type { ContainerConfig, PortConfig } from './types.ts';

/** Published ports that are to go: all that lead to one of the container's, or the one of the host that is named. */
export interface PortChoice {
  readonly protocol: PortConfig['protocol'];
  readonly container: number;
  readonly host?: number | undefined;
  readonly address?: string | undefined;
}

/** A change of published ports. */
export interface PortsChange {
  readonly publish?: readonly PortConfig[] | undefined;
  readonly unpublish?: readonly PortChoice[] | undefined;
}

/** What there is: the image's and its maker's word of what it listens at, and, while it runs, what leads there. */
export interface PortsNow {
  readonly exposed: readonly string[];
  readonly bound: readonly BoundPort[];
}

/** @throws ConfigError for what has no network of its own */
function checkHasNetwork({ network }: ContainerConfig): void {
  const mode = isOther(network)
    ? 'container'
    : network === 'host' || network === 'none'
      ? network
      : undefined;
  if (mode === undefined) return;
  throw new ConfigError('ports', `conflicting options: port publishing and the ${mode} network mode`, {
    hint: 'ports are published of what is in a network',
  });
}

/** Whether a port that is bound is meant. */
export const isChosen = (choices: readonly PortChoice[], port: BoundPort): boolean =>
  choices.some(
    (choice) =>
      choice.protocol === port.protocol &&
      choice.container === port.container &&
      (choice.host === undefined || choice.host === port.host) &&
      (choice.address === undefined || choice.address === port.address),
  );

/** One each. */
const singles = (port: PortConfig): PortConfig[] =>
  Array.from({ length: port.count }, (_, n) => ({
    ...port,
    container: port.container + n,
    ...(port.host !== undefined && { host: port.host + n }),
    count: 1,
  }));

/** Of one that is any free port, or one of several, the bound one tells which it is. */
function isMeant(choice: PortChoice, port: PortConfig, bound: readonly BoundPort[]): boolean {
  if (choice.protocol !== port.protocol || choice.container !== port.container) return false;
  if (choice.address !== undefined && choice.address !== port.address) return false;
  if (choice.host === undefined) return true;
  const isFixed = port.host !== undefined && (port.choices ?? 1) === 1;
  return isFixed ? port.host === choice.host : bound.some((each) => isChosen([choice], each));
}

const portOf = (text: string): PortConfig => {
  const [container = '', protocol = 'tcp'] = text.split('/');
  return { protocol: protocol as PortConfig['protocol'], container: Number(container), count: 1 };
};

/**
 * A configuration with its ports changed. A range of which one goes is one each from then on; so is `publishAll`.
 * @throws ConfigError for what has no network, and for a port that is not published
 */
export function changedPorts(
  config: ContainerConfig,
  { publish = [], unpublish = [] }: PortsChange,
  { exposed, bound }: PortsNow,
): ContainerConfig {
  checkHasNetwork(config);
  const { ports = [], publishAll = false, publishHost: address } = config;
  const own = ports.flatMap(singles);
  const isOwn = (other: PortConfig) =>
    own.some(({ protocol, container }) => protocol === other.protocol && container === other.container);
  const all = publishAll
    ? exposed.map((text) => ({ ...portOf(text), ...(address && { address }) })).filter((port) => !isOwn(port))
    : [];
  const meant = (port: PortConfig) => unpublish.some((choice) => isMeant(choice, port, bound));
  for (const [index, choice] of unpublish.entries())
    if (![...own, ...all].some((port) => isMeant(choice, port, bound)))
      throw new ConfigError(
        `unpublish[${index}]`,
        `No public port '${choice.container}/${choice.protocol}' published`,
        { hint: 'tinyrun port lists those of a container that are' },
      );
  const endsAll = all.some(meant);
  const kept = ports.flatMap((port) => {
    const each = singles(port);
    return each.some(meant) ? each.filter((one) => !meant(one)) : [port];
  });
  const rest = endsAll ? all.filter((port) => !meant(port)) : [];
  return { ...config, ports: [...kept, ...rest, ...publish], publishAll: publishAll && !endsAll };
}
