import { release } from 'node:os';
import { hostPlatform } from '../../image/platform.ts';
import { type Build, versionDocument, versionText } from '../../views/info.ts';
import type { Command } from '../command.ts';
import { objectPrinter } from '../output/objects.ts';
import { COMMIT, VERSION } from '../program.ts';

export const command: Command = {
  usage: '[options]',
  examples: ['tinyrun version', "tinyrun version --format '{{.Server.Version}}'", 'tinyrun version -f json'],
  define(program, context) {
    program
      .option('-f, --format <FORMAT>', 'json, or a Go template')
      .action(({ format }: { format?: string }) => {
        const build = ownBuild();
        context.out(format ? objectPrinter(format)(versionDocument(build)) : versionText(build));
      });
  },
};

function ownBuild(): Build {
  const { os, architecture } = hostPlatform();
  return {
    version: VERSION,
    commit: COMMIT.slice(0, 7),
    node: process.version,
    os,
    architecture,
    kernel: release(),
  };
}
