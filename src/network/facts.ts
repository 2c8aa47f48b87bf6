import { existsSync } from 'node:fs';
import { readIfAny } from '../store/read.ts';
import type { NetworkFacts } from './types.ts';

const isOn = (path: string): boolean => readIfAny(`/proc/sys/net/${path}`)?.trim() === '1';

/** What drivers go by of the network namespace that this process is in. */
export const networkFacts = (): NetworkFacts => ({
  forwards4: isOn('ipv4/ip_forward'),
  forwards6: isOn('ipv6/conf/all/forwarding'),
  ipv6: existsSync('/proc/net/if_inet6') && !isOn('ipv6/conf/all/disable_ipv6'),
  bridgeFilter6: isOn('bridge/bridge-nf-call-ip6tables'),
  links: linksOf(readIfAny('/proc/net/dev') ?? ''),
});

/** Of /proc/net/dev, which is of the network namespace that one is in; /sys is of the one that it was mounted in. */
const linksOf = (text: string): string[] =>
  [...text.matchAll(/^\s*([^\s:]+):/gm)].map(([, name = '']) => name);
