import { containerPaths } from '../../engine/layout.ts';
import { findIfThere } from '../../engine/manage.ts';
import { newsOf } from '../../engine/news.ts';
import type { HealthState } from '../../engine/record.ts';
import { TinyrunError } from '../../errors.ts';
import type { Waiting } from './conditions.ts';

/** Once it is told to be well or not, how it is; undefined: it has ended. @throws TinyrunError UNSUPPORTED, nothing tells */
export async function healthOf({ roots, view, over }: Waiting): Promise<HealthState | undefined> {
  const { id, name } = view.record;
  if (view.health === undefined)
    throw new TinyrunError('UNSUPPORTED', `nothing tells how ${name} is`, {
      hint: 'give it a health check: health.test of its configuration, or a HEALTHCHECK of its image',
    });
  // before the first look: nothing is missed
  const news = newsOf(containerPaths(roots, id).data);
  over.addEventListener('abort', news.tell);
  try {
    while (!over.aborted) {
      const health = findIfThere(roots, id)?.health;
      if (health && health.Status !== 'starting') return health;
      await news.wait();
    }
    return undefined;
  } finally {
    over.removeEventListener('abort', news.tell);
    news.close();
  }
}
