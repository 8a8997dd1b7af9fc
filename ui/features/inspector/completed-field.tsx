/** A text that the server helps to complete (server/utilities/completion). */
import { useEffect, useId, useState } from 'react';
import { Field } from '../../components/form.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { isObject, type JsonObject } from '../../mcp/protocol.ts';
import { useSession } from './session-context.ts';

interface CompletedFieldProps {
  readonly name: string;
  readonly isRequired: boolean;
  readonly help: string;
  /** `ref/prompt` or `ref/resource`. */
  readonly reference: JsonObject;
  readonly values: Readonly<Record<string, string>>;
  readonly set: (value: string) => void;
}

const TYPING_MS = 200;

export function CompletedField({ name, isRequired, help, reference, values, set }: CompletedFieldProps) {
  const session = useSession();
  const list = useId();
  const [options, setOptions] = useState<readonly string[]>([]);
  const value = values[name] ?? '';
  const capabilities = session.server['capabilities'];
  const isOffered = isObject(capabilities) && capabilities['completions'] !== undefined;
  const { [name]: _, ...others } = values;
  const context = JSON.stringify({ reference, others });
  useEffect(() => {
    if (!isOffered) return undefined;
    const { reference: ref, others: given } = JSON.parse(context) as { readonly reference: JsonObject; readonly others: JsonObject };
    const stopping = new AbortController();
    const timer = window.setTimeout(() => {
      // No completion is no reason to interrupt who types; the messages show what was answered.
      session.request('completion/complete', { ref, argument: { name, value }, context: { arguments: given } }, { signal: stopping.signal }).then(
        ({ completion }) => setOptions(isObject(completion) && Array.isArray(completion['values']) ? (completion['values'] as unknown[]).map(String) : []),
        () => setOptions([]),
      );
    }, TYPING_MS);
    return () => {
      window.clearTimeout(timer);
      stopping.abort();
    };
  }, [session, isOffered, context, name, value]);
  return (
    <Field label={`${name}${isRequired ? ' *' : ''}`} help={<ForeignText charsMax={600}>{help}</ForeignText>}>
      {(ids) => (
        <>
          <input {...ids} className="field" list={list} autoComplete="off" value={value} onChange={(event) => set(event.target.value)} />
          <datalist id={list}>
            {options.map((option) => (
              <option key={option} value={option} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}
