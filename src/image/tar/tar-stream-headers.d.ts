/** tar-stream's codec of header blocks, which its types leave out. What it cannot read of a number is null or NaN. */
declare module 'tar-stream/headers' {
  type Type =
    | 'file'
    | 'link'
    | 'symlink'
    | 'character-device'
    | 'block-device'
    | 'directory'
    | 'fifo'
    | 'contiguous-file'
    | 'pax-header'
    | 'pax-global-header'
    | 'gnu-long-link-path'
    | 'gnu-long-path';

  interface Decoded {
    name: string;
    linkname: string | null;
    mode: number | null;
    uid: number | null;
    gid: number | null;
    size: number | null;
    mtime: Date;
    /** null for a flag it does not know. */
    type: Type | null;
    devmajor: number | null;
    devminor: number | null;
  }

  interface Encodable {
    name: string;
    linkname?: string;
    mode: number;
    uid: number;
    gid: number;
    size: number;
    mtime: Date;
    type: Type;
    devmajor?: number;
    devminor?: number;
  }

  const headers: {
    /** null for a block of zeros. */
    decode(block: Uint8Array, encoding: 'latin1', allowUnknownFormat: boolean): Decoded | null;
    decodeLongPath(data: Uint8Array, encoding: 'latin1'): string;
    /** null where ustar has no room for the names. */
    encode(header: Encodable): Buffer | null;
  };
  export default headers;
}
