import { familyOf, hostOf } from '../../address.ts';
import type { Attachment, NetworkRecord } from '../../types.ts';
import type { Check, DiagnoseFacts, Finding, LinkFact, Question } from '../facts.ts';
import { addressIn, type End, isRouted, isSame, networkIn, type Way, wayOf } from '../way.ts';

// Links, addresses and routes: what somebody has taken away of them.

/** An end of the way that has an interface in a network. */
interface Leg {
  readonly end: End;
  readonly name: string;
  readonly attachment: Attachment;
  readonly network: NetworkRecord;
}

function legsOf(facts: DiagnoseFacts, way: Way): Leg[] {
  if (isSame(way)) return [];
  return (
    [
      [way.from, way.out],
      [way.to, way.in],
    ] as const
  ).flatMap(([end, attachment]): Leg[] => {
    const network = networkIn(facts, attachment);
    if (!attachment || !network || !end.owner || !end.space) return [];
    return [{ end, name: end.owner.name, attachment, network }];
  });
}

type LegCheck = (leg: Leg, facts: DiagnoseFacts, way: Way) => Omit<Finding, 'at'> | undefined;

/** The first end of which it holds. */
const ofLegs =
  (check: LegCheck): Check =>
  (facts: DiagnoseFacts, question: Question) => {
    const way = wayOf(facts, question);
    for (const leg of legsOf(facts, way)) {
      const found = check(leg, facts, way);
      if (found) return { at: 'route', ...found };
    }
    return undefined;
  };

const linkIn = ({ end, attachment }: Leg): LinkFact | undefined =>
  end.space?.links.find(({ name }) => name === attachment.as);

const restart = ({ name }: Leg): string => `tinyrun restart ${name}`;

const again = ({ name, network }: Leg): string =>
  network.name === 'bridge'
    ? `tinyrun restart ${name}`
    : `tinyrun network disconnect ${network.name} ${name}; tinyrun network connect ${network.name} ${name}`;

const linkGone = ofLegs((leg) =>
  linkIn(leg)
    ? undefined
    : {
        id: 'link-gone',
        says: `${leg.name} has no interface ${leg.attachment.as} any more: its link to ${leg.network.name} was deleted, in it or on the host`,
        mend: again(leg),
      },
);

const linkDown = ofLegs((leg) =>
  linkIn(leg)?.up === false
    ? {
        id: 'link-down',
        says: `${leg.attachment.as} of ${leg.name} is down: somebody in it did "ip link set ${leg.attachment.as} down"`,
        mend: again(leg),
      }
    : undefined,
);

const addressGone = ofLegs((leg, _, { family }) => {
  const { attachment, end, name } = leg;
  const address = addressIn(attachment, family);
  const has = end.space?.addresses.some(({ cidr }) => hostOf(cidr) === address);
  if (address === undefined || has) return undefined;
  return {
    id: 'address-gone',
    says: `${name} has not its address ${address} on ${attachment.as} any more: somebody in it did "ip addr del"`,
    mend: again(leg),
  };
});

const noIPv6 = ofLegs(({ network, name, attachment }, _, { family }) => {
  if (family === 4 || attachment.addresses.some((each) => familyOf(each) === 6)) return undefined;
  return {
    id: 'no-ipv6',
    says: `${name} has no IPv6 address: the network ${network.name} has none`,
    mend: `ask by IPv4, or make the network again with --ipv6`,
  };
});

const bridgeGone = ofLegs((leg, { host }) =>
  host.links.some(({ name }) => name === leg.network.link)
    ? undefined
    : {
        id: 'bridge-gone',
        says: `the bridge ${leg.network.link} of ${leg.network.name} is gone: its containers have cables to nowhere`,
        mend: `${restart(leg)} (and the others in ${leg.network.name}): the first makes the bridge again`,
      },
);

const bridgeDown = ofLegs(({ network }, { host }) =>
  host.links.find(({ name }) => name === network.link)?.up === false
    ? {
        id: 'bridge-down',
        says: `the bridge ${network.link} of ${network.name} is down`,
        mend: `ip link set ${network.link} up`,
      }
    : undefined,
);

const hostEndDown = ofLegs(({ attachment, name }, { host }) =>
  host.links.find((link) => link.name === attachment.hostLink)?.up === false
    ? {
        id: 'host-end-down',
        says: `the host's end of the link of ${name}, ${attachment.hostLink}, is down`,
        mend: `ip link set ${attachment.hostLink} up`,
      }
    : undefined,
);

const offBridge = ofLegs(({ attachment, name, network }, { host }) => {
  const link = host.links.find((each) => each.name === attachment.hostLink);
  if (!link || link.master === network.link) return undefined;
  return {
    id: 'off-bridge',
    says: `${attachment.hostLink}, the host's end of the link of ${name}, is ${link.master ? `a port of ${link.master}` : 'no port of a bridge'}, and not of ${network.link}`,
    mend: `ip link set ${attachment.hostLink} master ${network.link}`,
  };
});

/** Bigger packets than the bridge takes are lost without a word: pings pass, downloads hang. */
const mtu = ofLegs((leg, { host }) => {
  const [own, bridge] = [linkIn(leg)?.mtu, host.links.find(({ name }) => name === leg.network.link)?.mtu];
  if (own === undefined || bridge === undefined || own <= bridge) return undefined;
  return {
    id: 'mtu',
    says: `${leg.attachment.as} of ${leg.name} sends packets of ${own} bytes, ${leg.network.link} takes ${bridge}: short ones pass, long ones are lost`,
    mend: `${restart(leg)}; com.docker.network.driver.mtu of the network says what both have`,
  };
});

const needsHost = (way: Way): boolean => way.network === undefined;

const gatewayGone = ofLegs(({ network }, { host }, way) => {
  const gateway = network.pools
    .map((pool) => pool.gateway)
    .find((each) => each && familyOf(each) === way.family);
  const has = host.addresses.some(({ link, cidr }) => link === network.link && hostOf(cidr) === gateway);
  if (!needsHost(way) || gateway === undefined || has) return undefined;
  const prefix = network.pools.find((pool) => pool.gateway === gateway)?.subnet.split('/')[1];
  return {
    id: 'gateway-gone',
    says: `the bridge ${network.link} has not its address ${gateway} any more: the gateway of ${network.name} is nobody`,
    mend: `ip addr add ${gateway}/${prefix} dev ${network.link}`,
  };
});

const isDefault = (to: string, family: 4 | 6): boolean => to.endsWith('/0') && familyOf(to) === family;

const noDefault = ofLegs((leg, _, way) => {
  const { attachment, name, end } = leg;
  const gateway = attachment.gateways.find((each) => familyOf(each) === way.family);
  const isNear = way.from.kind === 'host' || way.to.kind === 'host';
  if (!isRouted(way) || isNear || gateway === undefined) return undefined;
  if (end.space?.routes.some(({ to }) => isDefault(to, way.family))) return undefined;
  return {
    id: 'no-default-route',
    says: `${name} has no default route any more: what is for nobody near goes nowhere`,
    mend: `${again(leg)} (or in it: ip route add default via ${gateway})`,
  };
});

/** Another has the subnet by now: a VPN, another engine. What comes from there is then taken for forged (rp_filter), too. */
const routeTaken = ofLegs(({ network }, { host, reversePath }, way) => {
  const subnet = network.pools.map((pool) => pool.subnet).find((each) => familyOf(each) === way.family);
  if (!needsHost(way) || subnet === undefined) return undefined;
  const own = host.routes.filter(({ to }) => to === subnet);
  const other = own.find(({ device }) => device !== network.link);
  if (own[0]?.device === network.link) return undefined;
  const strict =
    reversePath[network.link] === 1
      ? '; and rp_filter drops what comes from there, as it would not go back that way'
      : '';
  return {
    id: 'route-taken',
    says: other
      ? `the host sends what is for ${subnet} by ${other.device}, and not by ${network.link}${strict}`
      : `the host has no route to ${subnet} any more${strict}`,
    mend: other
      ? `ip route del ${subnet} dev ${other.device}; or give one of the two another subnet`
      : `ip route add ${subnet} dev ${network.link}`,
  };
});

const forwarding: Check = (facts, question) => {
  const way = wayOf(facts, question);
  const isOn = way.family === 4 ? facts.forwards4 : facts.forwards6;
  const isBetween = way.from.kind === 'container' && way.to.kind === 'container';
  if (!isRouted(way) || isBetween || isOn) return undefined;
  if ([way.out, way.in].some((one) => networkIn(facts, one)?.internal)) return undefined;
  const key = way.family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
  return {
    id: 'forwarding-off',
    at: 'route',
    says: `the host does not route: ${key} is 0`,
    mend: `sysctl -w ${key}=1; and see what turned it off (/etc/sysctl.d)`,
  };
};

const hostOffline: Check = (facts, question) => {
  const way = wayOf(facts, question);
  const { to, family } = way;
  if (to.kind !== 'outside' || facts.host.routes.some(({ to: where }) => isDefault(where, family)))
    return undefined;
  if (networkIn(facts, way.out)?.internal) return undefined;
  const { address } = question.to as { address?: string };
  if (address !== undefined) return undefined;
  return {
    id: 'host-offline',
    at: 'route',
    says: `the host itself has no default route${family === 6 ? ' of IPv6' : ''}: it does not reach the internet either`,
    mend: 'ip route shows its routes; bring its own network up first',
  };
};

export const ROUTE: readonly Check[] = [
  linkGone,
  linkDown,
  noIPv6,
  addressGone,
  bridgeGone,
  bridgeDown,
  hostEndDown,
  offBridge,
  mtu,
  gatewayGone,
  noDefault,
  routeTaken,
  forwarding,
  hostOffline,
];

/** The kernel remembers another's MAC for an address, or was told one. */
const neighbour: Check = (facts, question) => {
  const way = wayOf(facts, question);
  if (isSame(way) || !way.in) return undefined;
  const { in: into, from, to, network } = way;
  const space = network ? from.space : facts.host;
  const device = network ? way.out?.as : networkIn(facts, into)?.link;
  const address = addressIn(into, way.family);
  const wrong = space?.neighbours.find(
    (each) =>
      each.address === address &&
      each.device === device &&
      each.mac !== into.mac &&
      !/^[0:]+$/.test(each.mac),
  );
  if (!wrong) return undefined;
  const who = network ? (from.owner?.name ?? 'it') : 'the host';
  const where = network ? `in ${who}: ` : '';
  return {
    id: 'wrong-neighbour',
    at: 'neighbour',
    says: `${who} remembers ${wrong.mac} for ${address}, and ${to.owner?.name ?? 'it'} is ${into.mac}: somebody else has that address, or the entry was put there`,
    mend: `${where}ip neigh del ${address} dev ${device}; if it comes back, look for who answers to it`,
  };
};

export const NEIGHBOUR: readonly Check[] = [neighbour];
