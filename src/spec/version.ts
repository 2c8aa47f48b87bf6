/** Version of the OCI runtime specification that is implemented, and what new config.json files say. */
export const OCI_VERSION = '1.3.0';
