/** As in package.json; a test keeps them equal. */
export const VERSION = '0.1.0';
export { OCI_VERSION as SPEC_VERSION } from '../spec/version.ts';

/** Set by the build; `unknown` in one that was not made in a checkout. */
declare const TINYRUN_COMMIT: string | undefined;
/** What git called the sources that this was built of. */
export const COMMIT = typeof TINYRUN_COMMIT === 'string' ? TINYRUN_COMMIT : 'unknown';
