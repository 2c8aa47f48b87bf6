// Networks on Debian's kernel, whose parts of a firewall are modules, and which a sysctl has filter what passes a bridge. The
// guest is a host of its own: a neighbour on its LAN is a network namespace.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { tinyrun } from './support.ts';

/** The guest's address on the LAN, and its neighbour's. */
const [HERE, THERE] = ['192.168.77.1', '192.168.77.2'];

function ask(file: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 120_000 });
  assert.equal(status, 0, `${file} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

function ok(...args: readonly string[]): string {
  const { code, stdout, stderr } = tinyrun(...args);
  assert.equal(code, 0, `tinyrun ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

const LAN = ['ip', 'netns', 'exec', 'lan'];
const inspect = (container: string) => JSON.parse(ok('inspect', container))[0];
const inside = (container: string) => ['nsenter', '-n', '-t', String(inspect(container).State.Pid)];

/** What somebody there is told by a web server; undefined: nothing, or not within a while. */
function fetched(from: readonly string[], url: string, wait = 30): string | undefined {
  const [file = '', ...args] = [...from, 'curl', '-sg', '--noproxy', '*', '--max-time', String(wait), url];
  const { status, stdout } = spawnSync(file, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim().replace(/^\[(?:::ffff:)?(.*)\]$/, '$1') : undefined;
}

/** busybox httpd says who asked. */
const SERVER =
  "mkdir -p /www/cgi-bin; printf '#!/bin/sh\\necho; echo $REMOTE_ADDR\\n' >/www/cgi-bin/who; chmod +x /www/cgi-bin/who; exec httpd -f -p 80 -h /www";
const WHO = 'cgi-bin/who';

let web: string;
let gateway: string;

before(() => {
  ask('ip', 'netns', 'add', 'lan');
  ask('ip', 'link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'lan');
  ask('ip', 'addr', 'add', `${HERE}/24`, 'dev', 'lan0');
  ask('ip', 'link', 'set', 'lan0', 'up');
  ask(...(LAN as [string, ...string[]]), 'ip', 'addr', 'add', `${THERE}/24`, 'dev', 'eth0');
  ask(...(LAN as [string, ...string[]]), 'ip', 'link', 'set', 'eth0', 'up');
  ok('network', 'create', '--ipv6', 'front');
  ok('network', 'create', '--internal', 'back');
  ok(
    'run',
    '-d',
    '--name',
    'web',
    '--network',
    'front',
    '-p',
    '8080:80',
    '-p',
    '9000:9000/sctp',
    'busybox',
    'sh',
    '-c',
    SERVER,
  );
  ok('run', '-d', '--name', 'other', '--network', 'front', 'busybox', 'sleep', '10000');
  ok('run', '-d', '--name', 'apart', '--network', 'back', 'busybox', 'sleep', '10000');
  const { IPAddress, Gateway } = inspect('web').NetworkSettings.Networks.front;
  [web, gateway] = [IPAddress, Gateway];
  ok('exec', 'web', 'sh', '-c', 'until nc 127.0.0.1 80 </dev/null; do :; done');
});

after(() => {
  tinyrun('rm', '-f', 'web', 'other', 'apart');
  tinyrun('network', 'rm', 'front', 'back');
  spawnSync('ip', ['link', 'del', 'lan0']);
  spawnSync('ip', ['netns', 'del', 'lan']);
});

for (const isFiltered of [false, true])
  describe(`a published port${isFiltered ? ', where bridges are filtered' : ''}`, () => {
    before(() => {
      if (isFiltered) ask('modprobe', 'br_netfilter');
      if (isFiltered) writeFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', '1');
    });
    test('is reached from the host', () => {
      assert.equal(fetched([], `http://127.0.0.1:8080/${WHO}`), gateway);
      assert.equal(fetched([], `http://${HERE}:8080/${WHO}`), HERE);
    });
    if (!isFiltered)
      test('is reached by [::1]', () =>
        assert.match(fetched([], `http://[::1]:8080/${WHO}`) ?? '', /^f[cd]/));
    test('is reached from the LAN, by who it is', () =>
      assert.equal(fetched(LAN, `http://${HERE}:8080/${WHO}`), THERE));
    test('is reached by containers, and by itself', () => {
      assert.notEqual(fetched(inside('other'), `http://${HERE}:8080/${WHO}`), undefined);
      assert.notEqual(fetched(inside('web'), `http://${HERE}:8080/${WHO}`), undefined);
    });
    test('is the only way in', () => {
      ask(...(LAN as [string, ...string[]]), 'ip', 'route', 'replace', `${web}/32`, 'via', HERE);
      assert.equal(fetched(LAN, `http://${web}/${WHO}`, 2), undefined);
      assert.equal(fetched(inside('apart'), `http://${web}/${WHO}`, 2), undefined);
      assert.equal(fetched(inside('apart'), `http://${HERE}:8080/${WHO}`, 2), undefined);
    });
  });

test('a port of SCTP', async () => {
  ask('modprobe', 'sctp');
  const socket = 's = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)';
  const listen = `import socket; ${socket}; s.bind(("", 9000)); s.listen(); print("up", flush=True); c, a = s.accept(); c.send(a[0].encode())`;
  const [file = '', ...args] = [...inside('web'), 'python3', '-c', listen];
  const server = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise((resolve) => server.once('close', resolve));
  await new Promise((resolve) => server.stdout.once('data', resolve));
  const dial = `import socket; ${socket}; s.settimeout(60); s.connect(("${HERE}", 9000)); print(s.recv(99).decode())`;
  assert.equal(ask(...(LAN as [string, ...string[]]), 'python3', '-c', dial).trim(), THERE);
  await closed;
});

test('names, and networks that a container comes into and leaves', () => {
  const found = (name: string) => tinyrun('exec', 'apart', 'nslookup', '-type=a', name).stdout;
  assert.match(ok('exec', 'other', 'nslookup', '-type=a', 'web'), new RegExp(`^Address: ${web}$`, 'm'));
  assert.ok(!found('web').includes(web));
  ok('network', 'connect', 'front', 'apart');
  assert.ok(found('web').includes(web));
  assert.notEqual(fetched(inside('apart'), `http://${web}/${WHO}`), undefined);
  ok('network', 'disconnect', 'front', 'apart');
  assert.equal(fetched(inside('apart'), `http://${web}/${WHO}`, 2), undefined);
});

test('what goes out has the address of the host', async () => {
  const listen = `import socket; s = socket.socket(); s.bind(("", 7000)); s.listen(); print("up", flush=True); c, a = s.accept(); c.send(a[0].encode())`;
  const [file = '', ...args] = [...LAN, 'python3', '-c', listen];
  const server = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise((resolve) => server.once('close', resolve));
  await new Promise((resolve) => server.stdout.once('data', resolve));
  assert.equal(ok('exec', 'other', 'nc', THERE, '7000'), HERE);
  await closed;
});

test('nothing is left of what is removed', () => {
  ok('rm', '-f', 'web', 'other', 'apart');
  ok('network', 'rm', 'front', 'back');
  assert.equal(ask('ip', '-br', 'link', 'show', 'type', 'bridge'), '');
  const table = JSON.parse(ask('nft', '-j', 'list', 'table', 'inet', 'tinyrun'));
  const left = (table.nftables as Record<string, { name: string; elem?: unknown[] }>[])
    .flatMap((one) => one.set ?? one.map ?? [])
    .filter(({ name, elem = [] }) => name !== 'closed' && elem.length > 0);
  assert.deepEqual(left, []);
});
