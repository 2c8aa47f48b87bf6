// A person at a terminal: bash in a pty, with `tinyrun` in its PATH and the workshop's images in the registry it asks.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TINYRUN } from '../../support/programs.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import { Terminal } from '../../support/terminal.ts';
import { type RegistryServer, startRegistry } from '../image/registry-server.ts';

const BUSYBOX = path.join(import.meta.dirname, '../../../rootfs-fixtures/out/busybox');
const PROMPT = 'you@host$ ';

/** Docker Hub, as far as the workshop goes: alpine, busybox, and an ubuntu that has packages. */
export async function startHub(): Promise<RegistryServer> {
  const hub = await startRegistry();
  const dir = mkdtempSync(path.join(tmpdir(), 'tinyrun-hub-'));
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as ('ignore' | 'inherit')[] };
  try {
    const ubuntu = `${dir}/ubuntu`;
    execFileSync('skopeo', ['copy', '-q', `oci:${BUSYBOX}`, `oci:${ubuntu}:latest`], quiet);
    writeFileSync(path.join(dir, 'status'), ['base-files', 'dpkg', 'libc6'].map(installed).join('\n'));
    const insert = ['insert', '--image', `${ubuntu}:latest`, `${dir}/status`, '/var/lib/dpkg/status'];
    execFileSync('umoci', insert, quiet);
    const label = ['--config.label', 'com.example.vendor=ACME Incorporated'];
    execFileSync('umoci', ['config', '--image', `${ubuntu}:latest`, ...label], quiet);
    for (const [from, name] of [
      [BUSYBOX, 'alpine'],
      [BUSYBOX, 'busybox'],
      [`${ubuntu}:latest`, 'ubuntu'],
    ]) {
      const to = `docker://${hub.host}/library/${name}:latest`;
      execFileSync('skopeo', ['copy', '-q', '--dest-tls-verify=false', `oci:${from}`, to], quiet);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
  return hub;
}

const installed = (name: string): string =>
  `Package: ${name}\nStatus: install ok installed\nVersion: 1.0\nArchitecture: all\nDescription: of the workshop\n`;

export class Person {
  readonly #terminal: Terminal;

  constructor(sandbox: Sandbox, hub: RegistryServer) {
    const registries = path.join(sandbox.dir, 'registries.json');
    writeFileSync(
      registries,
      JSON.stringify({ registries: { 'docker.io': { mirrors: [`http://${hub.host}`] } } }),
    );
    const env = {
      ...sandbox.env,
      PATH: `${path.dirname(TINYRUN)}:${process.env.PATH}`,
      TINYRUN_REGISTRIES: registries,
      TERM: 'xterm',
      PS1: PROMPT,
      HISTFILE: '',
    };
    this.#terminal = new Terminal({ env, program: 'bash' }, '--norc', '--noprofile', '-i');
  }

  /** Types a line at the shell's prompt; answers what is shown until it is back. */
  types(line: string): Promise<string> {
    return this.into(line, PROMPT);
  }

  /** Types a line at the shell's prompt; answers what is shown until `prompt`. */
  async into(line: string, prompt: string): Promise<string> {
    await this.#terminal.until(ending(PROMPT));
    return this.within(line, prompt);
  }

  /** Types a line into what runs, whose prompt has been seen; answers what is shown until `prompt`. */
  async within(line: string, prompt: string): Promise<string> {
    this.#terminal.type(`${line}\r`);
    await this.#terminal.until(/\r\n/);
    const shown = await this.#terminal.until(ending(prompt));
    if (prompt === PROMPT) this.#terminal.text = PROMPT;
    return plain(shown.slice(0, shown.lastIndexOf(prompt)));
  }

  /** Leaves a shell in a container for the one outside. */
  async exits(): Promise<void> {
    await this.within('exit', PROMPT);
  }

  async leaves(): Promise<void> {
    this.#terminal.child.kill('SIGKILL');
    await this.#terminal.ended;
    this.#terminal.close();
  }
}

/** What a terminal does with its cursor and colours. */
const ESCAPES = `${String.fromCharCode(27)}\\[[\\d;?]*[A-Za-z]`;

/** All up to a prompt at which nothing has been typed yet; a shell that edits its lines may wipe what is right of it. */
const ending = (prompt: string): RegExp =>
  new RegExp(`[^]*?${prompt.replace(/[$/]/g, '\\$&')}(${ESCAPES})*$`);

/** As one reads it: a line that was written over as it was last. */
const plain = (text: string): string =>
  text
    .replace(new RegExp(ESCAPES, 'g'), '')
    .split('\r\n')
    .map((line) => line.split('\r').at(-1))
    .join('\n');
