/** A form for a JSON Schema, as far as one can be made of it; what has no field of its own is written as JSON. */
import { type ReactNode, useState } from 'react';
import { Field, SelectField, SwitchField, TextArea, TextField } from '../../components/form.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { useText } from '../../texts/texts.ts';
import { isObject, type JsonObject, objectsIn, textIn } from '../../mcp/protocol.ts';

interface SchemaFormProps {
  readonly schema: unknown;
  readonly values: JsonObject;
  readonly set: (values: JsonObject) => void;
}

export function SchemaForm({ schema, values, set }: SchemaFormProps) {
  const say = useText();
  const properties = isObject(schema) && isObject(schema['properties']) ? Object.entries(schema['properties']) : [];
  const required = isObject(schema) && Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
  if (properties.length === 0) return <p className="text-soft">{say('inspector.noArguments')}</p>;
  return (
    <div className="grid gap-4">
      {properties.map(([name, property]) => (
        <SchemaField
          key={name}
          name={name}
          schema={isObject(property) ? property : {}}
          isRequired={required.includes(name)}
          value={values[name]}
          set={(value) => {
            const { [name]: _, ...others } = values;
            set(value === undefined ? others : { ...others, [name]: value });
          }}
        />
      ))}
    </div>
  );
}

/** What a schema says to begin with. */
export function defaultsOf(schema: unknown): JsonObject {
  if (!isObject(schema) || !isObject(schema['properties'])) return {};
  return Object.fromEntries(Object.entries(schema['properties']).flatMap(([name, property]) => (isObject(property) && property['default'] !== undefined ? [[name, property['default']]] : [])));
}

/** Names that must be there and are not. */
export function missingIn(schema: unknown, values: JsonObject): readonly string[] {
  const required = isObject(schema) && Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
  return required.filter((name): name is string => typeof name === 'string' && values[name] === undefined);
}

interface SchemaFieldProps {
  readonly name: string;
  readonly schema: JsonObject;
  readonly isRequired: boolean;
  readonly value: unknown;
  readonly set: (value: unknown) => void;
}

function SchemaField(props: SchemaFieldProps) {
  const { name, schema, isRequired, value, set } = props;
  const choices = choicesOf(schema);
  const type = typeOf(schema);
  const label = `${textIn(schema, 'title') ?? name}${isRequired ? ' *' : ''}`;
  const help = <ForeignText charsMax={600}>{textIn(schema, 'description') ?? ''}</ForeignText>;
  if (choices !== undefined) {
    const current = choices.findIndex((choice) => choice.value === value);
    return <SelectField label={label} help={help} value={String(current)} set={(index) => set(choices[Number(index)]?.value)} options={[{ value: '-1', label: '–' }, ...choices.map((choice, index) => ({ value: String(index), label: choice.label }))]} />;
  }
  if (type === 'boolean') return <SwitchField label={label} help={help} isOn={value === true} set={set} />;
  if (type === 'number' || type === 'integer') return <NumberField {...props} label={label} help={help} />;
  if (type === 'string') return <StringField {...props} label={label} help={help} />;
  const many = type === 'array' && isObject(schema['items']) ? choicesOf(schema['items']) : undefined;
  if (many !== undefined) return <ManyField label={label} help={help} choices={many} value={value} set={set} />;
  return <JsonValueField label={label} help={help} value={value} set={set} />;
}

type Labelled = SchemaFieldProps & { readonly label: string; readonly help: ReactNode };

function NumberField({ label, help, schema, value, set }: Labelled) {
  const [text, setText] = useState(typeof value === 'number' ? String(value) : '');
  const [known, setKnown] = useState(value);
  if (known !== value) {
    setKnown(value);
    if (value !== (text === '' ? undefined : Number(text))) setText(value === undefined ? '' : String(value));
  }
  const bound = (key: string): number | undefined => (typeof schema[key] === 'number' ? schema[key] : undefined);
  return (
    <TextField
      label={label}
      help={help}
      type="number"
      step={schema['type'] === 'integer' ? 1 : 'any'}
      min={bound('minimum')}
      max={bound('maximum')}
      value={text}
      set={(next) => {
        setText(next);
        set(next === '' || Number.isNaN(Number(next)) ? undefined : Number(next));
      }}
    />
  );
}

const INPUT_TYPES: Readonly<Record<string, string>> = { email: 'email', uri: 'url', date: 'date' };

function StringField({ label, help, schema, value, set, isRequired }: Labelled) {
  const text = typeof value === 'string' ? value : '';
  // An empty text is a value where one must be there.
  const change = (next: string): void => set(next === '' && !isRequired ? undefined : next);
  const format = textIn(schema, 'format');
  if (format === undefined && text.length > 80) return <TextArea label={label} help={help} value={text} set={change} rows={4} />;
  return <TextField label={label} help={help} type={INPUT_TYPES[format ?? ''] ?? 'text'} value={text} set={change} placeholder={format === 'date-time' ? '2026-01-31T12:00:00Z' : undefined} />;
}

interface Choice {
  readonly value: unknown;
  readonly label: string;
}

function ManyField({ label, help, choices, value, set }: { readonly label: string; readonly help: ReactNode; readonly choices: readonly Choice[]; readonly value: unknown; readonly set: (value: unknown) => void }) {
  const chosen = Array.isArray(value) ? (value as unknown[]) : [];
  return (
    <fieldset className="grid gap-1.5">
      <legend className="mb-1 font-medium">{label}</legend>
      {choices.map((choice) => (
        <label key={choice.label} className="flex items-center gap-2">
          <input type="checkbox" className="size-4 accent-accent" checked={chosen.includes(choice.value)} onChange={(event) => set(event.target.checked ? [...chosen, choice.value] : chosen.filter((each) => each !== choice.value))} />
          {choice.label}
        </label>
      ))}
      <p className="text-[0.93em] text-soft">{help}</p>
    </fieldset>
  );
}

function JsonValueField({ label, help, value, set }: { readonly label: string; readonly help: ReactNode; readonly value: unknown; readonly set: (value: unknown) => void }) {
  const say = useText();
  const [text, setText] = useState(() => (value === undefined ? '' : JSON.stringify(value, null, 2)));
  const isWrong = text.trim() !== '' && parse(text) === undefined;
  return (
    <Field label={label} help={isWrong ? <span className="text-bad">{say('inspector.notJson')}</span> : help}>
      {(ids) => (
        <textarea
          {...ids}
          rows={3}
          spellCheck={false}
          placeholder="JSON"
          className="field scrolls resize-y font-mono text-[0.93em]"
          aria-invalid={isWrong || undefined}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            set(parse(event.target.value)?.value);
          }}
        />
      )}
    </Field>
  );
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function typeOf(schema: JsonObject): unknown {
  const { type } = schema;
  return Array.isArray(type) ? (type as unknown[]).find((each) => each !== 'null') : type;
}

/** Values to choose from, where the schema names them all. */
function choicesOf(schema: JsonObject): readonly Choice[] | undefined {
  if (Array.isArray(schema['enum'])) {
    const names = Array.isArray(schema['enumNames']) ? (schema['enumNames'] as unknown[]) : [];
    return (schema['enum'] as unknown[]).map((value, index) => ({ value, label: String(names[index] ?? value) }));
  }
  const options = objectsIn(schema['oneOf'] ?? schema['anyOf']);
  if (options.length === 0 || options.some((option) => !('const' in option))) return undefined;
  return options.map((option) => ({ value: option['const'], label: textIn(option, 'title') ?? String(option['const']) }));
}
