import { native } from './native/index.ts';
import { main } from './tinyrunc/main.ts';

// Ends without V8's tear-down, which would cost a tenth of the run time of a short command.
main(process.argv.slice(2)).then(
  (code) => native().exitNow(code),
  (error: Error) => {
    process.stderr.write(`${error.stack ?? error.message}\n`);
    process.exit(1);
  },
);
