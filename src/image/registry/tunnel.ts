import * as http from 'node:http';
import * as https from 'node:https';
import { isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';
import { proxyAuthorization } from './proxy.ts';

type Connected = (error: Error | null, stream: Duplex) => void;

/**
 * Reaches https origins through a proxy's CONNECT (RFC 9110 section 9.3.6): the proxy sees a name and a port, TLS and
 * its certificate are the origin's own. Connections are kept like those of any other agent.
 */
export class TunnelAgent extends https.Agent {
  readonly #opening = new Set<http.ClientRequest>();
  constructor(
    readonly proxy: URL,
    readonly idleMs: number,
    options: https.AgentOptions,
  ) {
    super(options);
  }

  override createConnection(options: https.RequestOptions, connected?: Connected): undefined {
    const { host, port } = options;
    const target = `${isIPv6(host ?? '') ? `[${host}]` : host}:${port}`;
    this.#open(target).then(
      (socket) => connected?.(null, connect({ ...(options as ConnectionOptions), socket })),
      // Node's own agents leave out the stream, too
      (error) => (connected as (error: Error) => void)(error),
    );
  }

  override destroy(): void {
    for (const request of this.#opening) request.destroy();
    super.destroy();
  }

  #open(target: string): Promise<Socket> {
    const { proxy, idleMs } = this;
    const headers = { host: target, ...proxyAuthorization(proxy) };
    // By its origin: of a URL with a password node would make an Authorization header.
    const request = http.request(proxy.origin, {
      method: 'CONNECT',
      path: target,
      headers,
      agent: false,
      timeout: idleMs,
    });
    this.#opening.add(request);
    const opened = new Promise<Socket>((resolve, reject) => {
      request.once('connect', (response, socket, head) => {
        const { statusCode = 0 } = response;
        socket.setTimeout(0);
        if (head.length > 0) socket.unshift(head);
        if (statusCode >= 200 && statusCode < 300) return resolve(socket);
        socket.destroy();
        return reject(failure(`does not connect to ${target}: it answered ${statusCode}`, 'EPROXY'));
      });
      request.on('timeout', () =>
        request.destroy(failure(`sent nothing for ${Math.round(idleMs / 1000)} seconds`, 'ETIMEDOUT')),
      );
      request.once('error', reject);
      request.end();
    });
    return opened
      .catch(({ message, code }) => {
        throw failure(`proxy ${proxy.host}: ${message}`, code);
      })
      .finally(() => this.#opening.delete(request));
  }
}

const failure = (what: string, code: string): Error => Object.assign(new Error(what), { code });
