import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { Netns } from '../../support/netns.ts';

/** A DNS server that knows one answer to all: A 192.0.2.53. Queries for `large.…` are truncated by UDP. */
export class DnsServer {
  readonly asked: string[] = [];
  readonly #udp: Socket;
  readonly #tcp: Server;

  private constructor(udp: Socket, tcp: Server) {
    this.#udp = udp;
    this.#tcp = tcp;
    udp.on('message', (query, from) => {
      this.asked.push(`udp ${nameOf(query)}`);
      udp.send(answerTo(query, nameOf(query).startsWith('large')), from.port, from.address);
    });
    tcp.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.once('data', (bytes) => {
        const query = bytes.subarray(2);
        this.asked.push(`tcp ${nameOf(query)}`);
        const answer = answerTo(query, false);
        socket.end(Buffer.concat([Buffer.of(answer.length >> 8, answer.length & 255), answer]));
      });
    });
  }

  /** In a network namespace, at port 53 of an address. */
  static start(netns: Pick<Netns, 'runAsync'>, address: string): Promise<DnsServer> {
    return netns.runAsync(async () => {
      const udp = createSocket('udp4').bind(53, address);
      await once(udp, 'listening');
      const tcp = createServer().listen(53, address);
      await once(tcp, 'listening');
      return new DnsServer(udp, tcp);
    });
  }

  stop(): void {
    this.#udp.close();
    this.#tcp.close();
  }
}

function nameOf(query: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; (query[at] ?? 0) !== 0; at += 1 + (query[at] ?? 0))
    labels.push(query.toString('latin1', at + 1, at + 1 + (query[at] ?? 0)));
  return labels.join('.');
}

function answerTo(query: Buffer, isCut: boolean): Buffer {
  const end = 12 + nameOf(query).length + 2 + 4;
  const isA = query.readUInt16BE(end - 4) === 1 && !isCut;
  const head = Buffer.from(query.subarray(0, end));
  head.writeUInt16BE(isCut ? 0x8380 : 0x8180, 2);
  head.writeUInt16BE(isA ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  const record = Buffer.from('c00c000100010000003c0004c0000235', 'hex');
  return isA ? Buffer.concat([head, record]) : head;
}
