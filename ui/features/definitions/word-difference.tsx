import { ForeignText } from '../../components/foreign-text.tsx';
import { useText } from '../../texts/texts.ts';

interface WordDifferenceProps {
  /** Which part of the definition, e.g. `/description`. */
  readonly at: string;
  readonly parts: readonly { readonly kind: 'same' | 'removed' | 'added'; readonly text: string }[];
}

/** What went and what came, in one text; what nobody could see is written by its code. */
export function WordDifference({ at, parts }: WordDifferenceProps) {
  const say = useText();
  return (
    <figure className="rounded-md border border-line">
      <figcaption className="border-b border-line px-3 py-1.5 font-mono text-[0.93em] text-soft">
        <ForeignText>{at === '' ? '/' : at}</ForeignText>
      </figcaption>
      <div tabIndex={0} className="scrolls max-h-96 overflow-auto p-3 leading-relaxed">
        {parts.map(({ kind, text }, index) => {
          const words = <ForeignText isBlock>{text}</ForeignText>;
          if (kind === 'same') return <span key={index}>{words}</span>;
          const Mark = kind === 'added' ? 'ins' : 'del';
          return (
            <Mark key={index} title={say(`definitions.${kind}`)} className={kind === 'added' ? 'rounded bg-good-wash px-0.5 text-good no-underline' : 'rounded bg-bad-wash px-0.5 text-bad'}>
              {words}
            </Mark>
          );
        })}
      </div>
    </figure>
  );
}
