import type { Command as Program } from 'commander';
import { collect, seconds, wholeNumber } from '../options.ts';
import type { FlagGroup } from './group.ts';
import { publishHost } from './network.ts';
import { inherit, readEnvFile } from './parse/env.ts';
import { parsePairs } from './parse/pairs.ts';
import { parsePublish, parseUnpublish } from './parse/publish.ts';
import { parseStopSignal } from './parse/stop-signal.ts';

interface Flags {
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly label?: readonly string[];
  readonly publish?: readonly string[];
  readonly publishRm?: readonly string[];
  readonly stopSignal?: string;
  readonly stopTimeout?: number;
}

/** What a container that there is can be given beside limits; Docker has only those. */
export const changeFlags: FlagGroup<Flags> = {
  define: (program: Program) =>
    void program
      .option(
        '-e, --env <KEY=VALUE>',
        'set a variable for its next start; without =VALUE, pass on yours',
        collect,
      )
      .option('--env-file <FILE>', 'read variables from a file', collect)
      .option('-l, --label <KEY=VALUE>', 'a label', collect)
      .option('-p, --publish <PORTS>', 'its port at one of the host: [ADDRESS:][HOST:]PORT[/udp]', collect)
      .option('--publish-rm <PORT>', 'what leads there no more: [ADDRESS:][HOST:]PORT[/udp]', collect)
      .option('--stop-signal <SIGNAL>', 'what asks the program to end')
      .option('--stop-timeout <SECONDS>', 'how long it may take to; -1 is for ever', wholeNumber),
  read: ({ env = [], envFile = [], label, publish, publishRm, stopSignal, stopTimeout }, host) => {
    const bind = publish && publishHost(host);
    const variables = [
      ...envFile.flatMap((path) => readEnvFile(path, host.env)),
      ...env.map((entry) => inherit(entry, host.env)),
    ];
    const stop = {
      ...(stopSignal !== undefined && parseStopSignal(stopSignal)),
      ...(stopTimeout !== undefined && { graceMs: seconds(stopTimeout) }),
    };
    return {
      ...(variables.length > 0 && { env: variables }),
      ...(label && { labels: parsePairs(label, '--label') }),
      ...(publish && { publish: publish.map((text) => parsePublish(text, bind)) }),
      ...(publishRm && { unpublish: publishRm.flatMap(parseUnpublish) }),
      ...(Object.keys(stop).length > 0 && { stop }),
    };
  },
  names: {
    env: '--env %q',
    ports: '--publish %q',
    publish: '--publish %q',
    unpublish: '--publish-rm %q',
    'stop.signal': '--stop-signal %q',
    'stop.graceMs': '--stop-timeout %q',
  },
};
