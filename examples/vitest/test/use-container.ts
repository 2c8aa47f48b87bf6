import {
  type Container,
  type ContainerConfig,
  createEngine,
  type StartedContainer,
  type WaitFor,
} from 'tinyrun';
import { afterAll, beforeAll } from 'vitest';

/**
 * A container for the tests of a file: it is ready before the first of them, and gone after the last. Where it does not get
 * ready the error says why, with what it wrote.
 */
export function useContainer(config: ContainerConfig, ready: WaitFor): () => Container {
  let started: StartedContainer | undefined;
  beforeAll(async () => {
    started = await createEngine().start(config);
    await started.waitFor(ready, { timeout: 30_000 });
  });
  afterAll(async () => {
    await started?.[Symbol.asyncDispose]();
  });
  return () => {
    if (started === undefined) throw new Error('its container is there in tests and their hooks only');
    return started;
  };
}
