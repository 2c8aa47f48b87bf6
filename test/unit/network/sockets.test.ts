import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { hasSocket, localSockets, socketsIn } from '../../../src/network/sockets.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const REST = '00000000:00000000 00:00000000 00000000     0        0';
const TABLE = `${HEAD}   0: 0100007F:1F90 00000000:0000 0A ${REST} 123 1 0000000093cabe60 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 ${REST} 124 1 0000000093cabe60 20 4 30 10 -1
  10: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A ${REST} 125 1 0 100 0 0 10 0
`;

it('lines of /proc/PID/net/tcp and tcp6', () => {
  expect(socketsIn(TABLE, 'tcp')).toEqual([
    { address: '0100007F', port: 8080, isListening: true, inode: '123' },
    { address: '0100007F', port: 8080, isListening: false, inode: '124' },
    { address: '00000000000000000000000001000000', port: 80, isListening: true, inode: '125' },
  ]);
  expect(socketsIn('', 'tcp')).toEqual([]);
  expect(socketsIn(`${HEAD}   0: half a line`, 'tcp')).toEqual([]);
});

it('one of udp listens while it is connected to nobody', () => {
  const udp = `${HEAD}   7: 00000000:0035 00000000:0000 07 ${REST} 5 2 0 0\n   8: 00000000:0036 0100007F:0035 01 ${REST} 6 2 0 0\n`;
  expect(socketsIn(udp, 'udp').map(({ port, isListening }) => [port, isListening])).toEqual([
    [53, true],
    [54, false],
  ]);
});

it('one of our own, and who has it', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const own = localSockets('tcp').filter((socket) => socket.port === port);
  expect(own).toEqual([expect.objectContaining({ address: '0100007F', isListening: true })]);
  const inodes = own.map(({ inode }) => inode);
  expect([hasSocket(process.pid, inodes), hasSocket(1, inodes)]).toEqual([true, false]);
  await new Promise((resolve) => server.close(resolve));
  expect(hasSocket(process.pid, inodes)).toBe(false);
  expect(hasSocket(0, inodes)).toBe(false);
});
