/** Hidden text: strips what people do not see from results and definitions, or flags results that have any. */
import { z } from 'zod';
import { findHiddenText, stripHiddenText } from '../../base/hidden-text.ts';
import { isObject, type JsonObject } from '../../protocol/messages.ts';
import { MANIFEST_VERSION, type Manifest } from '../manifest.ts';
import { mapTexts } from '../text-walk.ts';

/** On results: the kinds of hidden text that were found, whether stripped or not. */
export const META_HIDDEN_TEXT = 'metamcp/hiddenText';

const Options = z.strictObject({ action: z.enum(['strip', 'flag']).default('strip').describe('flag: the text stays, _meta says what is in it.') });

export const hiddenText: Manifest<typeof Options> = {
  manifestVersion: MANIFEST_VERSION,
  name: 'hidden-text',
  version: '1.0.0',
  description: 'Strips or flags characters that people do not see but models read.',
  options: Options,
  onFailure: 'closed',
  resultBytesMax: 16 << 20,
  create: ({ action }) => ({
    onResult: (result) => {
      const { value, kinds } = cleaned(result, action);
      if (kinds.size === 0) return result;
      const meta = isObject(value['_meta']) ? value['_meta'] : {};
      return { ...value, _meta: { ...meta, [META_HIDDEN_TEXT]: [...kinds] } };
    },
    onError: (error) => ({ ...error, message: action === 'strip' ? stripHiddenText(error.message) : error.message }),
    ...(action === 'strip' ? { onDefinition: (definition: JsonObject) => cleaned(definition, 'strip').value } : {}),
  }),
};

function cleaned(value: JsonObject, action: 'strip' | 'flag'): { readonly value: JsonObject; readonly kinds: ReadonlySet<string> } {
  const kinds = new Set<string>();
  const clean = (text: string): string => {
    const found = findHiddenText(text);
    for (const kind of found) kinds.add(kind);
    return found.length > 0 && action === 'strip' ? stripHiddenText(text) : text;
  };
  return { value: mapTexts(value, { value: clean, isSkipped: (key) => key === 'data' || key === 'blob' || key === 'uri' }), kinds };
}
