import { Option, type Command as Program } from 'commander';
import { collect } from '../options.ts';
import type { FlagGroup } from './group.ts';
import { parseAddHost } from './parse/add-host.ts';

interface Flags {
  readonly hostname?: string;
  readonly domainname?: string;
  readonly addHost?: readonly string[];
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOption?: readonly string[];
  /** Docker's older spelling. */
  readonly dnsOpt?: readonly string[];
}

/** What it is called, and what names mean to it. */
export const nameFlags: FlagGroup<Flags> = {
  define: (program: Program) =>
    void program
      .option('-h, --hostname <NAME>', 'default: the first 12 digits of the id')
      .option('--domainname <NAME>', 'NIS domain name')
      .option('--add-host <NAME:ADDRESS>', 'one more line in /etc/hosts; host-gateway: the host', collect)
      .option('--dns <ADDRESS>', 'name server in /etc/resolv.conf', collect)
      .option('--dns-search <DOMAIN>', 'domain to look names up in; a dot: none', collect)
      .option('--dns-option <OPTION>', 'option of resolv.conf, as in ndots:2', collect)
      .addOption(new Option('--dns-opt <OPTION>').argParser(collect).hideHelp()),
  read: ({ hostname, domainname, addHost, dns, dnsSearch, dnsOption = [], dnsOpt = [] }) => ({
    hostname,
    domainname,
    names: {
      servers: dns?.map((text) => text.trim()),
      search: dnsSearch?.map((text) => text.trimEnd()),
      options: [...dnsOption, ...dnsOpt],
      hosts: addHost?.map(parseAddHost),
    },
  }),
  names: {
    hostname: '--hostname %q',
    'names.servers': '--dns %q',
    'names.search': '--dns-search %q',
    'names.options': ['--dns-option %q', '--dns-opt %q'],
    'names.hosts': '--add-host %q',
  },
};
