import { TinyrunError } from '../../errors.ts';
import type { Credentials } from './credentials.ts';
import { Endpoint } from './endpoint.ts';
import { endpointsOf } from './settings.ts';

/**
 * Asks a registry whether it takes the credentials (GET /v2/, with the token it wants).
 * @throws TinyrunError REGISTRY_DENIED, REGISTRY
 */
export async function checkLogin(
  host: string,
  credentials: Credentials,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const settings = endpointsOf(host, env).at(-1);
  if (!settings) throw new TinyrunError('INTERNAL', 'a registry without endpoints');
  const endpoint = new Endpoint(settings, { env, credentials: async () => credentials });
  try {
    const response = await endpoint.send({ method: 'GET', target: '/v2/', scope: '' });
    if (response.status !== 200) throw await endpoint.refusal(response, `login as ${credentials.username}`);
    response.body.resume();
  } finally {
    endpoint.close();
  }
}
