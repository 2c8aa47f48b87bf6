import type { Roots } from '../store/paths.ts';
import { redraw } from './blueprint.ts';
import type { FindPid } from './config/namespaces.ts';
import { containerPaths } from './layout.ts';
import { logsOf } from './logs.ts';
import { findContainer } from './manage.ts';
import { planOf } from './plan.ts';
import type { ContainerRecord, ContainerView } from './record.ts';
import { whyOfView } from './sent.ts';
import { isRunning } from './status.ts';
import type { Why } from './why.ts';

/** Why a container ended, or would not start, and what it wrote last. */
export interface WhyReport extends Why {
  readonly view: ContainerView;
  /** The last lines that it wrote. */
  readonly log: readonly string[];
  /** Why it could not be started now; missing where it could, and for one that runs. */
  readonly hindrance?: string;
}

/** @throws TinyrunError CONTAINER_NOT_FOUND */
export async function explainEnd(
  roots: Roots,
  text: string,
  lines: number,
  findPid: FindPid,
): Promise<WhyReport> {
  const view = findContainer(roots, text);
  const hindrance = isRunning(view) ? undefined : await hindranceOf(roots, view.record, findPid);
  return {
    ...whyOfView(roots, view),
    view,
    log: await lastLines(roots, view.record.id, lines),
    ...(hindrance !== undefined && { hindrance }),
  };
}

async function hindranceOf(
  roots: Roots,
  record: ContainerRecord,
  findPid: FindPid,
): Promise<string | undefined> {
  try {
    const blueprint = { ...(await redraw(roots, record, findPid)), record };
    planOf(roots, blueprint, containerPaths(roots, record.id), 'monitor');
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** None where nothing of it is kept. */
export async function lastLines(roots: Roots, id: string, tail: number): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const some of logsOf(roots, id, { tail })) found.push(...some.map((line) => line.text));
  } catch {
    return [];
  }
  const lines = found.join('').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return tail > 0 ? lines.slice(-tail) : [];
}
