import { TinyrunError } from '../../errors.ts';
import { writeFileAtomic } from '../../store/atomic.ts';
import type { Address } from '../types.ts';
import { bounded } from './file.ts';
import { FILE_MODE, type NamePlaces } from './places.ts';

/** What one container may see of all names. */
export interface View {
  readonly container: string;
  /** Ids of its networks: the first that knows a name's other half (its address's) wins. */
  readonly networks: readonly string[];
  /** `--link`: names of its own for names of its networks. */
  readonly links?: Readonly<Record<string, string>>;
  /** `--dns`: asked for all other names, from the container's network; none: those of the host's resolv.conf, from the host's. */
  readonly servers?: readonly Address[];
  /** Every network of it is internal: other names are asked of nobody but `servers`, which it could ask itself. */
  readonly isInternal?: boolean;
}

/** As the resolver keeps them (native/init/resolver_parts.h). */
const MOST = { networks: 32, links: 32, servers: 8 } as const;

/** A line each; native/init/views.cc reads them. @throws TinyrunError (PLAN_ARGUMENT) for more than the resolver keeps */
export function viewText({ networks, links = {}, servers = [], isInternal = false }: View): string {
  const names = Object.entries(links);
  for (const [what, count] of [
    ['networks', networks.length],
    ['links', names.length],
    ['servers', servers.length],
  ] as const)
    if (count > MOST[what])
      throw new TinyrunError(
        'PLAN_ARGUMENT',
        `the resolver keeps ${MOST[what]} ${what} of a container, not ${count}`,
      );
  const lines = [
    ['network', ...networks].join(' '),
    ...names.map(([alias, name]) => `name ${alias.toLowerCase()}=${name.toLowerCase()}`),
    ...servers.map((server) => `server ${server}`),
    ...(isInternal && servers.length === 0 ? ['forward no'] : []),
  ];
  return bounded(`${lines.join('\n')}\n`, 'the links of a container');
}

/** For a container that is served already: the resolver follows, its sockets stay. */
export function replaceView(places: NamePlaces, view: View): void {
  writeFileAtomic(places.view(view.container), viewText(view), { mode: FILE_MODE });
}
