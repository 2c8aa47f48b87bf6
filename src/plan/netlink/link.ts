import type { Message } from './wire.ts';

export const RTM_NEWLINK = 16;
const IFF_UP = 1;

/** Sets the step's device up. */
export function setUp(): Message {
  // struct ifinfomsg: family, type, index, flags, and which of them change
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setUint32(8, IFF_UP, true);
  view.setUint32(12, IFF_UP, true);
  return { type: RTM_NEWLINK, body, deviceAt: 4 };
}
