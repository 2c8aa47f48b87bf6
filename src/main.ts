import { main } from './cli/main.ts';
import { endProcess } from './cli/output/end.ts';

main(process.argv.slice(2)).then(endProcess);
