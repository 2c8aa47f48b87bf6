import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { closeServer, listen } from './faulty-registry.ts';

/** What the proxy was asked for. */
export interface Proxied {
  readonly method: string;
  /** `host:port` of a CONNECT, else the whole URL. */
  readonly target: string;
  readonly proxyAuthorization: string | undefined;
  /** Meant for the registry: the proxy passes it on. */
  readonly authorization: string | undefined;
}

export interface ForwardProxy {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly requests: Proxied[];
  close(): Promise<void>;
}

/**
 * A forward proxy (RFC 9112 section 3.2.2, RFC 9110 section 9.3.6). It alone knows the names: who does not go through
 * it does not get there. `login` is what Proxy-Authorization has to be.
 */
export async function startProxy(
  names: Readonly<Record<string, string>>,
  login?: string,
): Promise<ForwardProxy> {
  const requests: Proxied[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((incoming, response) => {
    const refused = note(incoming);
    const upstream = names[new URL(incoming.url ?? '').host];
    if (refused || upstream === undefined) response.writeHead(refused ?? 502).end();
    else forward(incoming, response, upstream);
  });
  const note = ({ method = '', url = '', headers }: IncomingMessage): number | undefined => {
    const proxyAuthorization = headers['proxy-authorization'];
    requests.push({ method, target: url, proxyAuthorization, authorization: headers.authorization });
    return login !== undefined && proxyAuthorization !== login ? 407 : undefined;
  };
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    const status = note(incoming) ?? (names[incoming.url ?? ''] === undefined ? 403 : 200);
    socket.on('error', () => socket.destroy());
    if (status !== 200) return socket.end(`HTTP/1.1 ${status} Refused\r\n\r\n`);
    const [host = '', port] = (names[incoming.url ?? ''] ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    for (const one of [socket, upstream]) sockets.add(one.on('error', () => one.destroy()));
    return upstream;
  });
  const port = await listen(server);
  const close = () => {
    for (const socket of sockets) socket.destroy();
    return closeServer(server);
  };
  return { host: `127.0.0.1:${port}`, requests, close };
}

function forward(incoming: IncomingMessage, response: ServerResponse, upstream: string): void {
  const { pathname, search } = new URL(incoming.url ?? '');
  const { 'proxy-authorization': _, ...headers } = incoming.headers;
  const options = { method: incoming.method, headers };
  const outgoing = request(`http://${upstream}${pathname}${search}`, options, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  incoming.pipe(outgoing);
}
