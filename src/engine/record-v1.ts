import { SIGTERM, signalNumber } from '../spec/linux.ts';
import type { ContainerRecord } from './record.ts';

/** What tinyrun 0.1 kept of a container: no word of how it was made but these. */
export interface RecordV1
  extends Pick<ContainerRecord, 'id' | 'name' | 'created' | 'hostname' | 'labels' | 'exit'> {
  readonly version: 1;
  readonly image: string;
  readonly imageId: string;
  readonly args: readonly string[];
  readonly tty: boolean;
  readonly rm: boolean;
  readonly stopSignal: string;
  readonly layers: readonly string[];
  readonly mounts?: readonly { readonly source: string; readonly destination: string }[];
  /** Empty with another container's. */
  readonly network?: string;
}

/** The same as a record of today. What it does not tell, its configuration does not say either: nothing is guessed. */
export function fromVersion1(record: RecordV1): ContainerRecord {
  const { image, imageId, layers, args, tty, rm, stopSignal, network, mounts = [], ...same } = record;
  const known = network === 'none' || network === 'host';
  return {
    ...same,
    version: 2,
    config: {
      image,
      entrypoint: [],
      args,
      tty,
      autoRemove: rm,
      hostname: record.hostname,
      labels: record.labels,
      network: known ? network : { container: '' },
    },
    image: { id: imageId, layers },
    argv: args,
    stopSignal: signalNumber(stopSignal) ?? SIGTERM,
    mounts,
    partial: true,
  };
}
