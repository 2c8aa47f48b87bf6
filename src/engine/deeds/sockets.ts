import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { Duplex } from 'node:stream';
import { decodeMessage, encodeMessage } from '../../runtime/monitor/messages.ts';
import { join } from '../../store/join.ts';
import type { Deed } from './deed.ts';
import { planFrom, stepsOf } from './plans.ts';
import type { Callable } from './session.ts';
import { type Stage, wordOf } from './stand-in-addon.ts';
import { fdPath } from './tellings.ts';

// Orders to a monitor that runs go by the socket in its run directory: each message is told by its name.

const ofMessage = (data: Uint8Array): Deed => ({
  by: 'command',
  syscall: `sendto(${wordOf(data)})`,
  why: 'a message to its monitor',
});

/** Where the socket of a container's monitor lies, if it is that; by a descriptor of its directory. */
function monitorsAt(options: unknown): string | undefined {
  const { path } = (typeof options === 'object' ? options : {}) as { path?: string };
  const fd = /^\/proc\/self\/fd\/(\d+)\/socket$/.exec(path ?? '')?.[1];
  return fd === undefined ? undefined : join(fdPath(Number(fd)), 'socket');
}

/** One whose monitor does what it is told at once. */
export function standInFor({ world, tell }: Pick<Stage, 'world' | 'tell'>, own: Callable): Callable {
  return (options: unknown, ...more: unknown[]) => {
    const path = monitorsAt(options);
    if (path === undefined) return own(options, ...more);
    const socket = new Duplex({
      allowHalfOpen: true,
      read: () => undefined,
      write(data: Uint8Array, _encoding, done) {
        tell(ofMessage(data));
        // what lies there for it is taken
        if (wordOf(data) === 'lookHealth') world.remove(join(dirname(path), 'health'));
        if (wordOf(data) === 'lookPlan') {
          for (const step of givenAt(world, join(dirname(path), 'plan'))) tell(step);
          socket.push(encodeMessage('ran', DONE));
        }
        done();
      },
      final(done) {
        socket.push(null);
        done();
      },
    });
    setImmediate(() => socket.emit('connect'));
    return socket;
  };
}

const DONE = { step: 0, error: 0, syscall: '', path: '' };

/** The steps of the plan that lies there, which its monitor runs. */
function givenAt(world: Stage['world'], path: string): Deed[] {
  const { pieces } = world.fileAt(path);
  const message = decodeMessage(Buffer.concat(pieces.map((piece) => Buffer.from(piece as Uint8Array))));
  world.remove(path);
  return message.name === 'run' ? stepsOf(planFrom(message.plan), 'monitor') : [];
}

/** The real one, whose messages are told. */
export function watchedBy(tell: (deed: Deed) => void, own: Callable): Callable {
  return (options: unknown, ...more: unknown[]) => {
    const isMonitors = monitorsAt(options) !== undefined;
    const socket = own(options, ...more) as Socket;
    if (!isMonitors) return socket;
    const write = socket.write.bind(socket) as Callable;
    return Object.assign(socket, {
      write(data: Uint8Array, ...rest: unknown[]) {
        tell(ofMessage(data));
        return write(data, ...rest) as boolean;
      },
    });
  };
}
