/** Text to take away: copied with one click. */
import { useEffect, useState } from 'react';
import { useText } from '../texts/texts.ts';
import { Button, IconButton } from './button.tsx';
import { classNames } from './class-names.ts';

const COPIED_MS = 2_000;

function useCopy(text: string): { readonly isCopied: boolean; readonly copy: () => void } {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = window.setTimeout(() => setCopied(false), COPIED_MS);
    return () => window.clearTimeout(timer);
  }, [isCopied]);
  return { isCopied, copy: () => void copyText(text).then(() => setCopied(true)) };
}

/** Browsers give a clipboard to secure pages only; over plain http in a house network the old way still works. */
async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

export function CopyButton({ text, label, isIconOnly = false }: { readonly text: string; readonly label?: string; readonly isIconOnly?: boolean }) {
  const say = useText();
  const { isCopied, copy } = useCopy(text);
  const words = isCopied ? say('common.copied') : (label ?? say('common.copy'));
  return (
    <>
      {isIconOnly ? (
        <IconButton size="small" icon={isCopied ? 'check' : 'copy'} label={words} onClick={copy} />
      ) : (
        <Button size="small" icon={isCopied ? 'check' : 'copy'} onClick={copy}>
          {words}
        </Button>
      )}
      <span role="status" className="sr-only">
        {isCopied ? say('common.copied') : ''}
      </span>
    </>
  );
}

export function CodeBlock({ text, label, className }: { readonly text: string; readonly label: string; readonly className?: string }) {
  return (
    <div className={classNames('relative rounded-md border border-line bg-sunken', className)}>
      <div className="absolute top-1.5 right-1.5">
        <CopyButton text={text} />
      </div>
      <pre tabIndex={0} aria-label={label} className="scrolls max-h-96 overflow-auto p-3 pr-24 whitespace-pre">
        {text}
      </pre>
    </div>
  );
}

/** One value with a button beside it. */
export function Copyable({ text }: { readonly text: string }) {
  return (
    <span className="inline-flex max-w-full items-center gap-1">
      <code className="min-w-0 truncate rounded bg-sunken px-1.5 py-0.5" title={text}>
        {text}
      </code>
      <CopyButton text={text} isIconOnly />
    </span>
  );
}
