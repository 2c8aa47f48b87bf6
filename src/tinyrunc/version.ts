/** As in package.json; a test keeps them equal. */
export const VERSION = '0.1.0';
/** Version of the OCI runtime specification that is implemented. */
export const SPEC_VERSION = '1.2.0';
