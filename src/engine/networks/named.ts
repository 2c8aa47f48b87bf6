import type { NetworkRecord } from '../../network/types.ts';
import { isUserDefined } from '../config/network.ts';

/** Names are for the networks that somebody made: in the one that is always there are none, as with Docker. */
export const hasNames = ({ driver, name }: NetworkRecord): boolean =>
  driver !== 'host' && driver !== 'none' && isUserDefined(name);
