import { TinyrunError } from '../../errors.ts';
import type { StepFailure } from '../../native/types.ts';
import { socketText } from '../../plan/socket-address.ts';
import type { Plan, Step } from '../../plan/types.ts';
import type { Roots } from '../../store/paths.ts';

/** The step that a start failed at. */
export function failed(error: unknown, { steps }: Plan): { step: Step; failure: StepFailure } | undefined {
  const failure =
    error instanceof TinyrunError ? (error.cause as Partial<StepFailure> | undefined) : undefined;
  const step = typeof failure?.step === 'number' ? steps[failure.step] : undefined;
  return step && { step, failure: failure as StepFailure };
}

/** Whether a start has failed for want of our bridge, which somebody has removed. */
export function isBridgeGone(error: unknown, plan: Plan): boolean {
  const { step, failure } = failed(error, plan) ?? {};
  return step?.op === 'netlink' && step.lane === 'host' && failure?.code === 'ENODEV';
}

/** Whether a start has failed for want of the resolver, which somebody has killed meanwhile. */
export function isResolverGone(error: unknown, plan: Plan): boolean {
  const { step, failure } = failed(error, plan) ?? {};
  const isOf = step?.op === 'dial' || step?.op === 'serve';
  return isOf && ['ECONNREFUSED', 'ENOENT', 'ECONNRESET'].includes(failure?.code ?? '');
}

/** Docker's words for a port that somebody has, and who that is. */
export async function portInUse(
  roots: Roots,
  error: unknown,
  plan: Plan,
  id: string,
): Promise<TinyrunError | undefined> {
  const { step, failure } = failed(error, plan) ?? {};
  if (step?.op !== 'reserve' || failure === undefined) return undefined;
  const place = socketText(step.args.address);
  const head = 'driver failed programming external connectivity on endpoint';
  const bind = `${head} ${id.slice(0, 12)}: Bind for ${place} failed`;
  if (failure.code === 'EADDRNOTAVAIL')
    return new TinyrunError('PORT_IN_USE', `${bind}: no link of this host has the address of ${place}`, {
      cause: failure,
      hint: 'ip address lists those there are; leave it out for all of them',
    });
  if (failure.code !== 'EADDRINUSE') return undefined;
  const { holderOfPort } = await import('./holder.ts');
  const holder = holderOfPort(roots, Number(/\d+$/.exec(place)?.[0]), step.args.protocol, id);
  return new TinyrunError(
    'PORT_IN_USE',
    `${bind}: port is already allocated${holder ? ` (${holder})` : ''}`,
    {
      cause: failure,
    },
  );
}
