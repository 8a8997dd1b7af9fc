/** Filter: leaves out what a server marks as not to be used any more, or as destructive. What is left out is not callable. */
import { z } from 'zod';
import { isObject, type JsonObject } from '../../protocol/messages.ts';
import { MANIFEST_VERSION, type Manifest } from '../manifest.ts';

const Options = z.strictObject({
  inactive: z.boolean().default(true).describe('What its annotations or _meta mark as deprecated, disabled or inactive.'),
  destructive: z.boolean().default(false).describe('Tools that may destroy: all but those that say otherwise (destructiveHint, readOnlyHint).'),
});

const INACTIVE_MARKS: readonly [key: string, value: boolean][] = [
  ['deprecated', true],
  ['disabled', true],
  ['inactive', true],
  ['active', false],
  ['enabled', false],
];

export const filter: Manifest<typeof Options> = {
  manifestVersion: MANIFEST_VERSION,
  name: 'filter',
  version: '1.0.0',
  description: 'Leaves out definitions that are inactive or destructive.',
  options: Options,
  onFailure: 'closed',
  resultBytesMax: Number.MAX_SAFE_INTEGER,
  create: ({ inactive, destructive }) => ({
    onDefinition: (definition, { primitive }) => {
      if (inactive && isInactive(definition)) return undefined;
      return destructive && primitive === 'tool' && isDestructive(definition) ? undefined : definition;
    },
  }),
};

function isInactive(definition: JsonObject): boolean {
  const places = [definition, definition['annotations'], definition['_meta']].filter(isObject);
  return places.some((place) => INACTIVE_MARKS.some(([key, value]) => place[key] === value));
}

/** As the specification reads annotations that are not there (server/tools, "Tool Annotations"). */
function isDestructive({ annotations }: JsonObject): boolean {
  if (!isObject(annotations)) return true;
  return annotations['readOnlyHint'] !== true && annotations['destructiveHint'] !== false;
}
