import { addMacvlan, type MacvlanMode, removeLink, rename } from '../../plan/netlink/link.ts';
import type { Step } from '../../plan/types.ts';
import type { Attachment, NetworkDriver, NetworkRecord } from '../types.ts';
import { inside, netlink, step } from './bridge.ts';

/** `-o macvlan_mode=…`; its option was checked when the network was made. */
const modeOf = ({ options }: NetworkRecord): MacvlanMode => (options.macvlan_mode || 'bridge') as MacvlanMode;

/**
 * Containers are neighbours of the host's on its own LAN, by addresses of their own: nothing of it is on the host, no port of which
 * leads there. The link is born in the container, under a name that no link of the host has, and ends with it.
 */
export const macvlan: NetworkDriver = {
  livePorts: false,
  up: () => ({}),
  attach(network, attachment, _ports, host) {
    const { hostLink: name, mac, as } = attachment;
    const child = addMacvlan({ name, mac, mtu: network.mtu }, modeOf(network));
    return {
      born: [
        step('host', netlink(network.link, [child]), `its link to the LAN of ${network.link}, born inside`),
      ],
      inside: [step('container', netlink(name, [rename(as)]), 'its name there'), ...inside(attachment, host)],
    };
  },
};

/** The container's end is all there is of it: it goes from inside. */
export const removeInside = ({ as }: Attachment, { name }: NetworkRecord): Step =>
  step('container', netlink('', [removeLink(as)]), `its link to the network ${name} is gone at once`);
