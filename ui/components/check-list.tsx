import { useText } from '../texts/texts.ts';
import { ForeignText } from './foreign-text.tsx';

interface CheckListProps {
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly text: string; readonly help?: string }[];
  /** In the order in which they were chosen. */
  readonly chosen: readonly string[];
  readonly choose: (chosen: readonly string[]) => void;
}

/** Some of many. */
export function CheckList({ label, options, chosen, choose }: CheckListProps) {
  const say = useText();
  return (
    <fieldset className="grid gap-1">
      <legend className="mb-1 font-medium">{label}</legend>
      {options.length === 0 && <p className="text-soft">{say('common.nothingToChoose')}</p>}
      <div className="scrolls max-h-80 overflow-y-auto rounded-md border border-line empty:hidden">
        {options.map(({ value, text, help }) => (
          <label key={value} className="flex items-start gap-2.5 border-b border-line px-3 py-2 last:border-b-0 hover:bg-canvas">
            <input
              type="checkbox"
              className="mt-0.5 size-4 shrink-0 accent-accent"
              checked={chosen.includes(value)}
              onChange={(event) => choose(event.target.checked ? [...chosen, value] : chosen.filter((each) => each !== value))}
            />
            <span className="min-w-0">
              <ForeignText>{text}</ForeignText>
              {help !== undefined && help !== '' && <ForeignText className="block truncate text-soft">{help}</ForeignText>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
