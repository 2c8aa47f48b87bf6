import { TinyrunError } from '../../errors.ts';
import type { NetworkRecord } from '../../network/types.ts';
import { isMacvlanMode } from '../../plan/netlink/link.ts';
import { isAddress } from '../../spec/addresses.ts';
import { booleanOf } from '../../store/words.ts';

type Options = Readonly<Record<string, string>>;

const BRIDGE = 'com.docker.network.bridge.';
const MTU = 'com.docker.network.driver.mtu';

/** What the options of a bridge come to; what they do not say is not in it. */
export type BridgeSettings = Partial<
  Pick<NetworkRecord, 'link' | 'icc' | 'masquerade' | 'bindHost' | 'mtu'>
> & {
  /** Options that mean nothing here, and are kept as they are. */
  readonly unknown: readonly string[];
};

/** In Docker's words; `expected` tells what the value may be. */
const refuse = (key: string, value: string, expected: string): never => {
  throw new TinyrunError('USAGE', `failed to parse ${key} value: ${value} (${expected})`, {
    hint: 'docs/networks.md lists the options of a network, and what they may be',
  });
};

function truth(key: string, value: string): boolean {
  return booleanOf(value) ?? refuse(key, value, 'true or false is expected');
}

function mtuOf(key: string, value: string, needs6: boolean): number {
  const least = needs6 ? 1280 : 68;
  const mtu = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  return mtu >= least && mtu <= 65_535 ? mtu : refuse(key, value, `a number from ${least} to 65535`);
}

/** What the kernel takes for the name of a link, and files are called by. */
const LINK = /^(?!\.{1,2}$)[a-zA-Z0-9_.-]{1,15}$/;

/**
 * The options of `-o` that a bridge goes by. @throws TinyrunError USAGE, UNSUPPORTED for what Docker has and this has not
 * @param needs6 there is IPv6, whose packets may have 1280 bytes at least
 */
export function bridgeSettings(options: Options, needs6: boolean): BridgeSettings {
  let settings: BridgeSettings = { unknown: [] };
  for (const [key, value] of Object.entries(options))
    settings = { ...settings, ...settingOf(key, value, needs6, settings.unknown) };
  return settings;
}

/** Those of macvlan: `parent` is its link. @throws TinyrunError USAGE */
export function macvlanSettings(options: Options, needs6: boolean): BridgeSettings {
  const { parent, macvlan_mode: mode, [MTU]: mtu, ...others } = options;
  if (mode !== undefined && mode !== '' && !isMacvlanMode(mode))
    refuse('macvlan_mode', mode, 'bridge, private, vepa or passthru is expected');
  return {
    unknown: Object.keys(others),
    ...(parent && { link: LINK.test(parent) ? parent : refuse('parent', parent, 'a link of the host') }),
    ...(mtu !== undefined && { mtu: mtuOf(MTU, mtu, needs6) }),
  };
}

function settingOf(
  key: string,
  value: string,
  needs6: boolean,
  unknown: readonly string[],
): Partial<BridgeSettings> {
  if (key === MTU) return { mtu: mtuOf(key, value, needs6) };
  switch (key.startsWith(BRIDGE) ? key.slice(BRIDGE.length) : '') {
    case 'name':
      return { link: LINK.test(value) ? value : refuse(key, value, 'a name of at most 15 characters') };
    case 'enable_icc':
      return { icc: truth(key, value) };
    case 'enable_ip_masquerade':
      return { masquerade: truth(key, value) };
    case 'host_binding_ipv4':
      return {
        bindHost: isAddress(value) ? value : refuse(key, value, 'an address of the host is expected'),
      };
    case 'gateway_mode_ipv4':
    case 'gateway_mode_ipv6':
      return value === 'nat' ? {} : unsupported(key, value);
    case 'inhibit_ipv4':
      return truth(key, value) ? unsupported(key, value) : {};
    default:
      return { unknown: [...unknown, key] };
  }
}

const unsupported = (key: string, value: string): never => {
  throw new TinyrunError('UNSUPPORTED', `${key}=${value} is not there yet`, {
    hint: 'docs/networks.md lists the options of a network, and what they may be',
  });
};
