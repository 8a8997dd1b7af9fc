/** Provenance: says in a result's `_meta` which server and primitive it came from, so that a client can tell sources apart. */
import { z } from 'zod';
import { isObject } from '../../protocol/messages.ts';
import { MANIFEST_VERSION, type Manifest } from '../manifest.ts';

/** On results: `{server, name}`. */
export const META_PROVENANCE = 'metamcp/provenance';

const Options = z.strictObject({});

export const provenance: Manifest<typeof Options> = {
  manifestVersion: MANIFEST_VERSION,
  name: 'provenance',
  version: '1.0.0',
  description: 'Names server and primitive in the _meta of every result.',
  options: Options,
  onFailure: 'open',
  resultBytesMax: 16 << 20,
  create: () => ({
    onResult: (result, { server, own }) => {
      const meta = isObject(result['_meta']) ? result['_meta'] : {};
      return { ...result, _meta: { ...meta, [META_PROVENANCE]: { server, name: own } } };
    },
  }),
};
