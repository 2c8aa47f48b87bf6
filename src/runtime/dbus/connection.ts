import { createConnection, type Socket } from 'node:net';
import { TinyrunError } from '../../errors.ts';
import {
  decodeMessage,
  ERROR,
  encodeMessage,
  METHOD_CALL,
  METHOD_RETURN,
  type Message,
  SIGNAL,
} from './message.ts';

export interface Call {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
}

interface Pending {
  resolve(body: readonly unknown[]): void;
  reject(error: Error): void;
}

const BUS = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const;

/** A client of a message bus: calls with answers, and signals. */
export class Connection {
  private serial = 0;
  private received = Buffer.alloc(0);
  private authenticated = false;
  private readonly pending = new Map<number, Pending>();
  private readonly listeners = new Set<(message: Message) => void>();
  private ready: Pending | undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('the message bus closed the connection')));
  }

  /** Connects, authenticates by uid (SASL EXTERNAL), says Hello. @throws TinyrunError (DBUS) */
  static async open(path: string): Promise<Connection> {
    const connection = new Connection(createConnection(path));
    try {
      await connection.authenticate();
      await connection.call({ ...BUS, member: 'Hello' });
      return connection;
    } catch (error) {
      connection.close();
      throw new TinyrunError('DBUS', `talk to the message bus at ${path}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  private authenticate(): Promise<unknown> {
    const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
    this.socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
    return new Promise((resolve, reject) => {
      this.ready = { resolve, reject };
    });
  }

  private receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    try {
      if (!this.authenticated) this.readGreeting();
      if (this.authenticated) this.readMessages();
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private readGreeting(): void {
    const end = this.received.indexOf('\r\n');
    if (end < 0) return;
    const line = this.received.toString('latin1', 0, end);
    this.received = this.received.subarray(end + 2);
    if (!line.startsWith('OK ')) throw new Error(`authentication refused: ${line}`);
    this.authenticated = true;
    this.socket.write('BEGIN\r\n');
    this.ready?.resolve([]);
  }

  private readMessages(): void {
    for (let next = decodeMessage(this.received); next !== undefined; next = decodeMessage(this.received)) {
      this.received = this.received.subarray(next.size);
      this.dispatch(next.message);
    }
  }

  private dispatch(message: Message): void {
    if (message.type === SIGNAL) for (const listener of this.listeners) listener(message);
    const pending = this.pending.get(message.replySerial ?? 0);
    if (pending === undefined) return;
    this.pending.delete(message.replySerial ?? 0);
    if (message.type === METHOD_RETURN) pending.resolve(message.body);
    if (message.type === ERROR) pending.reject(new Error(`${message.errorName}: ${message.body[0] ?? ''}`));
  }

  private fail(error: Error): void {
    this.ready?.reject(error);
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }

  /** Calls a method; resolves with the body of the answer. */
  call({ body = [], ...call }: Call): Promise<readonly unknown[]> {
    const serial = ++this.serial;
    return new Promise((resolve, reject) => {
      this.pending.set(serial, { resolve, reject });
      this.socket.write(encodeMessage({ ...call, type: METHOD_CALL, serial, body }));
    });
  }

  /** Hears every signal that matches a rule (dbus-specification, "Match Rules") until the connection is closed. */
  async subscribe(rule: string, listener: (message: Message) => void): Promise<void> {
    this.listeners.add(listener);
    await this.call({ ...BUS, member: 'AddMatch', signature: 's', body: [rule] });
  }

  close(): void {
    this.socket.destroy();
  }
}
