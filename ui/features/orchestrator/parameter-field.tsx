/** One typed parameter of a template as a form field. */
import { ForeignText } from '../../components/foreign-text.tsx';
import { PasswordField, SwitchField, TextField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';
import type { Template } from './shapes.ts';

type Parameter = Template['parameters'][string];

interface ParameterFieldProps {
  readonly name: string;
  readonly parameter: Parameter;
  /** Undefined: as the template has it. */
  readonly value: string | undefined;
  readonly set: (value: string) => void;
}

const PLACEHOLDERS: Readonly<Record<Parameter['type'], string>> = { string: '', integer: '', boolean: '', url: 'https://api.example.com', folder: '/srv/data', secret: '' };

export function ParameterField({ name, parameter, value, set }: ParameterFieldProps) {
  const say = useText();
  const { type, default: byDefault, minimum, maximum } = parameter;
  const help = (
    <>
      <ForeignText>{parameter.description}</ForeignText> {type === 'folder' || type === 'url' || type === 'secret' ? say(`orchestrator.parameter.${type}`) : ''}
    </>
  );
  if (type === 'boolean') return <SwitchField label={name} help={help} isOn={(value ?? String(byDefault ?? false)) === 'true'} set={(isOn) => set(String(isOn))} />;
  const field = { label: name, help, path: `with.${name}`, value: value ?? '', set };
  if (type === 'secret') return <PasswordField {...field} autoComplete="off" />;
  return (
    <TextField
      {...field}
      isMono
      {...(type === 'integer' && { type: 'number', ...(minimum !== undefined && { min: minimum }), ...(maximum !== undefined && { max: maximum }) })}
      placeholder={byDefault === undefined ? PLACEHOLDERS[type] : String(byDefault)}
    />
  );
}

/** What was filled in, typed; what was left empty stays with the template's default. */
export function toParameters(parameters: Template['parameters'], values: Readonly<Record<string, string>>): Readonly<Record<string, string | number | boolean>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      if (value === '') return [];
      const type = parameters[name]?.type;
      return [[name, type === 'boolean' ? value === 'true' : type === 'integer' ? Number(value) : value]];
    }),
  );
}
