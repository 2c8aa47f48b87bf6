import { expect, test } from 'vitest';
import { happened, ofVolumes, type Told } from '../../../../src/engine/events/tell.ts';

const RECORD: Told = {
  id: 'abc',
  name: 'web',
  config: { image: 'busybox' },
  labels: { name: 'a label', team: 'a' },
  mounts: [
    { source: '/host', destination: '/bound' },
    { source: '/v/_data', destination: '/data', options: ['ro'], volume: { name: 'data' } },
    { source: '/w/_data', destination: '/own', volume: { name: 'x1', anonymous: true } },
  ],
};

test('labels stand among the attributes, and in front of none', () => {
  expect(happened(RECORD, 'kill', { signal: '9' })).toEqual({
    type: 'container',
    action: 'kill',
    id: 'abc',
    from: 'busybox',
    attributes: { image: 'busybox', name: 'web', team: 'a', signal: '9' },
  });
});

test('volumes are told of by name', () => {
  const places = ofVolumes(RECORD, 'mount').map(({ id, attributes }) => [
    id,
    attributes.destination,
    attributes['read/write'],
  ]);
  expect(places).toEqual([
    ['data', '/data', 'false'],
    ['x1', '/own', 'true'],
  ]);
  expect(ofVolumes(RECORD, 'unmount').map(({ attributes }) => attributes)).toEqual([
    { driver: 'local', container: 'abc' },
    { driver: 'local', container: 'abc' },
  ]);
  expect(ofVolumes(RECORD, 'destroy', ({ anonymous }) => anonymous === true)).toEqual([
    { type: 'volume', action: 'destroy', id: 'x1', attributes: { driver: 'local' } },
  ]);
});
