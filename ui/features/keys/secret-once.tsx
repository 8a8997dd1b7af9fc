import { CodeBlock } from '../../components/code.tsx';
import { useText } from '../../texts/texts.ts';

/** A value that nobody can show again. */
export function SecretOnce({ value }: { readonly value: string }) {
  const say = useText();
  return (
    <div className="grid gap-3">
      <p role="status" className="rounded-lg bg-warn-wash px-4 py-2.5 text-warn">
        {say('keys.once')}
      </p>
      <CodeBlock text={value} label={say('keys.value')} />
    </div>
  );
}
