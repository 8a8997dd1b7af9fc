/**
 * Text that somebody else wrote: servers, their tools, their errors. It is shown as text and nothing else, and what would
 * hide or rearrange it becomes visible: controls, zero-width and bidirectional characters, tags (Unicode TR 36, TR 39).
 */
import { Fragment, useState } from 'react';
import { useText } from '../texts/texts.ts';
import { classNames } from './class-names.ts';

// Control, format, private and unassigned characters, separators of lines, all that is drawn as nothing by default
// (Unicode: Default_Ignorable_Code_Point), and the blank of Braille.
const INVISIBLE = /([\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{DI}\u{2800}])/u;
const PLAIN = new Set(['\n', '\t', '\r']);
const SHOWN_CHARS_MAX = 20_000;

interface ForeignTextProps {
  readonly children: string | null | undefined;
  /** Keeps lines as they are. */
  readonly isBlock?: boolean;
  readonly className?: string;
  /** Longer texts are cut behind a button. */
  readonly charsMax?: number;
}

export function ForeignText({ children, isBlock = false, className, charsMax = SHOWN_CHARS_MAX }: ForeignTextProps) {
  const say = useText();
  const [isWhole, showWhole] = useState(false);
  const text = children ?? '';
  const isCut = text.length > charsMax && !isWhole;
  const shown = (isCut ? text.slice(0, charsMax) : text).toWellFormed();
  return (
    <bdi className={classNames('wrap-anywhere', isBlock && 'whitespace-pre-wrap', className)}>
      {shown.split(INVISIBLE).map((part, index) => (index % 2 === 0 || PLAIN.has(part) ? part : <Invisible key={index} character={part} />))}
      {isCut && (
        <Fragment>
          …{' '}
          <button type="button" className="text-accent underline" onClick={() => showWhole(true)}>
            {say('common.showAll')}
          </button>
        </Fragment>
      )}
    </bdi>
  );
}

function Invisible({ character }: { readonly character: string }) {
  const say = useText();
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return (
    <span className="mx-px rounded bg-warn-wash px-0.5 font-mono text-[0.85em] text-warn" title={say('common.invisible', { code })}>
      {code}
    </span>
  );
}
