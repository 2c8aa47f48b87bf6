import { protocolName } from '../socket-address.ts';
import { addressText } from './address.ts';
import {
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  NFT_MSG_DELSETELEM,
  NFT_MSG_NEWCHAIN,
  NFT_MSG_NEWRULE,
  NFT_MSG_NEWSETELEM,
  NFT_MSG_NEWTABLE,
  NFTA_DATA_VALUE,
  NFTA_SET_ELEM_DATA,
  NFTA_SET_ELEM_FLAGS,
  NFTA_SET_ELEM_KEY,
  NFTA_SET_ELEM_KEY_END,
  NFTA_SET_ELEM_LIST_ELEMENTS,
  NFTA_SET_ELEM_LIST_SET,
  type PartType,
  SETS,
  type SetName,
} from './sets.ts';
import { attributeList, attributesOf, padded } from './wire.ts';

// Batches of nf_tables as people read them.

const SIZES: Readonly<Record<PartType, number>> = {
  ifname: 16,
  ipv4_addr: 4,
  ipv6_addr: 16,
  inet_proto: 1,
  inet_service: 2,
};

function part(type: PartType, bytes: Uint8Array): string {
  if (type === 'ifname') return Buffer.from(bytes).toString('utf8').replace(/\0.*$/s, '');
  if (type === 'inet_service') return String(((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0));
  if (type !== 'inet_proto') return addressText(bytes) ?? '?';
  return protocolName(bytes[0] ?? 0);
}

/** `tcp . 8080` */
function concatenation(types: readonly PartType[], bytes: Uint8Array): string {
  let at = 0;
  const parts = types.map((type) => {
    const own = bytes.subarray(at, at + SIZES[type]);
    at += padded(SIZES[type]);
    return part(type, own);
  });
  return parts.join(' . ');
}

function element(set: SetName, bytes: Uint8Array): string {
  const shape: { key: readonly PartType[]; data?: readonly PartType[] } = SETS[set];
  const attributes = attributesOf(bytes);
  const said = (type: number, types: readonly PartType[] = []): string | undefined => {
    const value = attributesOf(attributes.get(type) ?? new Uint8Array()).get(NFTA_DATA_VALUE);
    return value && concatenation(types, value);
  };
  const end = said(NFTA_SET_ELEM_KEY_END, shape.key);
  const data = said(NFTA_SET_ELEM_DATA, shape.data);
  // a range of one part ends where the next address begins
  const over = attributes.has(NFTA_SET_ELEM_FLAGS) ? 'to below ' : '';
  return `${over}${said(NFTA_SET_ELEM_KEY, shape.key)}${end ? ` to ${end}` : ''}${data ? ` : ${data}` : ''}`;
}

/** More are counted. */
const SHOWN = 4;

function elements(name: string, body: Uint8Array): string | undefined {
  const attributes = attributesOf(body.subarray(4));
  const set = Buffer.from(attributes.get(NFTA_SET_ELEM_LIST_SET) ?? [])
    .toString('utf8')
    .replace(/\0$/, '');
  if (!Object.hasOwn(SETS, set)) return undefined;
  const all = attributeList(attributes.get(NFTA_SET_ELEM_LIST_ELEMENTS) ?? new Uint8Array());
  const shown = all.slice(0, SHOWN).map(([, bytes]) => element(set as SetName, bytes));
  const more = all.length > SHOWN ? [`… ${all.length - SHOWN} more`] : [];
  return `${name} @${set} {${[...shown, ...more].join(', ')}}`;
}

/** Type, name, and the attributes that say what it is about. */
const OTHERS: ReadonlyMap<number, readonly [string, ...number[]]> = new Map([
  [NFT_MSG_NEWTABLE, ['NFT_MSG_NEWTABLE', 1]],
  [NFT_MSG_NEWCHAIN, ['NFT_MSG_NEWCHAIN', 1, 3]],
  [NFT_MSG_NEWRULE, ['NFT_MSG_NEWRULE', 1, 2]],
]);

/** What makes tables, chains and rules: where. */
function place(type: number, body: Uint8Array): string | undefined {
  const [name, ...words] = OTHERS.get(type) ?? [];
  const attributes = attributesOf(body.subarray(4));
  const said = words.map((word) =>
    Buffer.from(attributes.get(word) ?? [])
      .toString('utf8')
      .replace(/\0$/, ''),
  );
  return name && [name, ...said].join(' ');
}

/** A message to nfnetlink; undefined for what is none of ours. */
export function describeSets(type: number, body: Uint8Array): string | undefined {
  if (type === NFNL_MSG_BATCH_BEGIN) return 'NFNL_MSG_BATCH_BEGIN';
  if (type === NFNL_MSG_BATCH_END) return 'NFNL_MSG_BATCH_END';
  if (type === NFT_MSG_NEWSETELEM) return elements('NFT_MSG_NEWSETELEM', body);
  if (type === NFT_MSG_DELSETELEM) return elements('NFT_MSG_DELSETELEM', body);
  return place(type, body);
}
