/** JSON that somebody else wrote, laid out to be read; what is no JSON is shown as it came. */
import { classNames } from './class-names.ts';
import { CopyButton } from './code.tsx';
import { ForeignText } from './foreign-text.tsx';

interface JsonViewProps {
  readonly label: string;
  /** A text of JSON, or a value. */
  readonly value: unknown;
  readonly className?: string;
}

export function JsonView({ label, value, className }: JsonViewProps) {
  const text = layOut(value);
  return (
    <div className="relative min-w-0 rounded-md border border-line bg-sunken">
      <div className="absolute top-1.5 right-1.5 rounded-md bg-sunken">
        <CopyButton text={text} isIconOnly />
      </div>
      <pre tabIndex={0} aria-label={label} className={classNames('scrolls max-h-80 overflow-auto p-3 pr-10', className)}>
        <ForeignText isBlock>{text}</ForeignText>
      </pre>
    </div>
  );
}

function layOut(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value, null, 2) ?? '';
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}
