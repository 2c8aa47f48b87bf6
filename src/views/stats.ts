import type { ContainerStats } from '../engine/stats.ts';
import { binarySize, humanSize } from './units.ts';

/** Column heads of `stats`. */
export const STATS_HEADERS = {
  ID: 'CONTAINER ID',
  Name: 'NAME',
  CPUPerc: 'CPU %',
  MemUsage: 'MEM USAGE / LIMIT',
  MemPerc: 'MEM %',
  NetIO: 'NET I/O',
  BlockIO: 'BLOCK I/O',
  PIDs: 'PIDS',
  Container: 'CONTAINER',
};

export const STATS_COLUMNS = ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'];

/** What nobody counts. */
const UNKNOWN = '--';

/** What a container uses, under Docker's names. */
export function statsRow({ asked, id, name, usage }: ContainerStats, truncate: boolean) {
  const short = (text: string): string => (truncate ? text.slice(0, 12) : text);
  const { cpuPercent = 0, memory, limit = 0, network, block, pids = 0 } = usage ?? {};
  const isCounted = usage === undefined || memory !== undefined;
  return {
    BlockIO: `${humanSize(block?.read ?? 0)} / ${humanSize(block?.written ?? 0)}`,
    CPUPerc: percent(cpuPercent),
    Container: asked === id ? short(id) : asked,
    ID: short(id),
    MemPerc: isCounted ? percent(limit > 0 ? ((memory ?? 0) / limit) * 100 : 0) : UNKNOWN,
    MemUsage: isCounted ? `${binarySize(memory ?? 0)} / ${binarySize(limit)}` : `${UNKNOWN} / ${UNKNOWN}`,
    Name: name,
    NetIO: `${humanSize(network?.received ?? 0)} / ${humanSize(network?.sent ?? 0)}`,
    PIDs: String(pids),
  };
}

const percent = (value: number): string => `${value.toFixed(2)}%`;
