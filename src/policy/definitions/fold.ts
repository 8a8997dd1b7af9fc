/**
 * Folding: text as a model may read it, whatever it was dressed as. Compatibility forms and look-alike letters become
 * plain Latin, hidden text becomes visible, and what is behind base64 or written backwards is added at the end.
 */
import { findHiddenText, stripHiddenText } from '../../base/hidden-text.ts';

/** Letters of other scripts that look like Latin ones (a selection of Unicode's confusables, UTS #39): pairs of letter and look. */
const CONFUSABLES: ReadonlyMap<string, string> = new Map(
  [
    'аaеeоoрpсcуyхxіiјjѕsһhԁdԛqԝwӏlАAВBЕEКKМMНHОOРPСCТTУYХXІIЈJЅSԌGԜWɡgւuոnհhցgօoաw',
    "αaοoρpνvιiκkτtυuχxγyΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXϲcϳjɑaɩiʏyᴀaᴄcᴅdᴇeᴊjᴋkᴍmᴏoᴘpᴛtᴜuᴠvᴡwᴢzꞌ'ꜱsʙbɢgʜhɪiʟlɴnʀrƖlɫlØO",
  ].flatMap((pairs) => Array.from(pairs.matchAll(/(.)(.)/gu), ([, from = '', to = '']): [string, string] => [from, to])),
);

const BASE64_RUN = /[A-Za-z0-9+/_-]{16,}={0,2}/g;
/** Bytes of decoded text that is looked at. */
const PEEK_BYTES_MAX = 65_536;

export function fold(text: string): string {
  const kinds = findHiddenText(text);
  const visible = letters(stripHiddenText(text));
  const parts = [visible, ...peeked(visible)];
  if (kinds.includes('tag')) parts.push(letters(fromTags(text)));
  if (kinds.includes('variation-selectors')) parts.push(letters(fromSelectors(text)));
  if (kinds.includes('bidi')) parts.push(letters(Array.from(stripHiddenText(text)).toReversed().join('')));
  return parts.join('\n');
}

/** Two names with one skeleton look alike. */
export function skeletonOf(name: string): string {
  return letters(stripHiddenText(name))
    .toLowerCase()
    .replace(/rn/g, 'm')
    .replace(/vv/g, 'w')
    .replace(/[1|i]/g, 'l')
    .replace(/0/g, 'o')
    .replace(/[\s_.-]/g, '');
}

function letters(text: string): string {
  const plain = text.normalize('NFKD').replace(/\p{Mn}+/gu, '');
  return plain.replace(/[^\u0000-\u007f]/gu, (letter) => CONFUSABLES.get(letter) ?? letter); // oxlint-disable-line no-control-regex -- ASCII as a range
}

function fromTags(text: string): string {
  return Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= 0xe0020 && code <= 0xe007e ? String.fromCharCode(code - 0xe0000) : code === 0x0a ? '\n' : '';
  }).join('');
}

/** Selectors 1 to 256 as bytes of UTF-8. */
function fromSelectors(text: string): string {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xfe00 && code <= 0xfe0f) bytes.push(code - 0xfe00);
    else if (code >= 0xe0100 && code <= 0xe01ef) bytes.push(code - 0xe0100 + 16);
  }
  return Buffer.from(bytes).toString('utf8');
}

function peeked(text: string): string[] {
  const found: string[] = [];
  for (const [run] of text.matchAll(BASE64_RUN)) {
    const decoded = Buffer.from(run.slice(0, PEEK_BYTES_MAX), 'base64').toString('utf8');
    // Not text where bytes are no UTF-8 or control something.
    if (decoded.length >= 8 && !/[\p{Cc}\ufffd]/u.test(decoded.replace(/[\t\n\r]/g, ' '))) found.push(decoded);
  }
  return found;
}
