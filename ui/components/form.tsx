/** Form fields: a label, what to type, what was wrong with it. */
import { Switch as BaseSwitch } from '@base-ui/react/switch';
import { type ComponentProps, createContext, type ReactNode, useContext, useId, useState } from 'react';
import type { ApiProblem } from '../api/problem.ts';
import { useText } from '../texts/texts.ts';
import { IconButton } from './button.tsx';
import { classNames } from './class-names.ts';
import { Icon } from './icon.tsx';
import { ProblemNotice } from './problem-notice.tsx';

const Refusal = createContext<ApiProblem | undefined>(undefined);

interface FormProps {
  readonly children: ReactNode;
  /** What the API said to the last try: at the fields it names, else above the buttons. */
  readonly problem: ApiProblem | undefined;
  readonly submit: () => void;
  readonly id?: string;
  readonly className?: string;
}

/** The one way to show what was wrong with a form. */
export function Form({ children, problem, submit, id, className = 'grid gap-4' }: FormProps) {
  return (
    <Refusal value={problem}>
      <form
        id={id}
        noValidate
        className={className}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {children}
        {problem !== undefined && <ProblemNotice problem={problem} />}
      </form>
    </Refusal>
  );
}

interface FieldShape {
  readonly label: string;
  readonly help?: ReactNode;
  /** Ending of the path by which the API names it, e.g. `email` for `body.email`. */
  readonly path?: string;
}

/** What the API said of a value; undefined where it said nothing. */
function useFieldError(path: string | undefined): string | undefined {
  const problem = useContext(Refusal);
  if (path === undefined) return undefined;
  return problem?.problem.errors?.find((error) => error.path === path || error.path.endsWith(`.${path}`))?.message;
}

interface FrameProps extends FieldShape {
  readonly children: (ids: { readonly id: string; readonly 'aria-describedby': string | undefined; readonly 'aria-invalid': boolean | undefined }) => ReactNode;
}

/** A label and its messages around any control. */
export function Field({ label, help, path, children }: FrameProps) {
  const id = useId();
  const error = useFieldError(path);
  const described = [help === undefined ? undefined : `${id}-help`, error === undefined ? undefined : `${id}-error`].filter((each) => each !== undefined).join(' ');
  return (
    <div className="grid content-start gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children({ id, 'aria-describedby': described === '' ? undefined : described, 'aria-invalid': error === undefined ? undefined : true })}
      {help !== undefined && (
        <p id={`${id}-help`} className="text-[0.93em] text-soft">
          {help}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} className="flex items-center gap-1 text-[0.93em] text-bad">
          <Icon name="warning" size={14} /> {error}
        </p>
      )}
    </div>
  );
}

interface TextFieldProps extends FieldShape, Omit<ComponentProps<'input'>, 'value' | 'onChange' | 'id'> {
  readonly value: string;
  readonly set: (value: string) => void;
  readonly isMono?: boolean;
}

export function TextField({ label, help, path, value, set, isMono = false, className, ...rest }: TextFieldProps) {
  return (
    <Field label={label} help={help} {...(path !== undefined && { path })}>
      {(ids) => <input {...ids} {...rest} value={value} onChange={(event) => set(event.target.value)} className={classNames('field', isMono && 'font-mono', className)} />}
    </Field>
  );
}

export function PasswordField({ value, set, label, help, path, autoComplete, autoFocus }: Omit<TextFieldProps, 'isMono'>) {
  const say = useText();
  const [isShown, show] = useState(false);
  return (
    <Field label={label} help={help} {...(path !== undefined && { path })}>
      {(ids) => (
        <div className="flex gap-1">
          <input {...ids} type={isShown ? 'text' : 'password'} autoComplete={autoComplete} autoFocus={autoFocus} required value={value} onChange={(event) => set(event.target.value)} className="field" />
          <IconButton icon={isShown ? 'eyeOff' : 'eye'} label={say(isShown ? 'common.hidePassword' : 'common.showPassword')} aria-pressed={isShown} onClick={() => show(!isShown)} />
        </div>
      )}
    </Field>
  );
}

interface TextAreaProps extends FieldShape, Omit<ComponentProps<'textarea'>, 'value' | 'onChange' | 'id'> {
  readonly value: string;
  readonly set: (value: string) => void;
  readonly isMono?: boolean;
}

export function TextArea({ label, help, path, value, set, isMono = false, className, rows = 3, ...rest }: TextAreaProps) {
  return (
    <Field label={label} help={help} {...(path !== undefined && { path })}>
      {(ids) => <textarea {...ids} {...rest} rows={rows} value={value} spellCheck={!isMono} onChange={(event) => set(event.target.value)} className={classNames('field scrolls resize-y', isMono && 'font-mono text-[0.93em]', className)} />}
    </Field>
  );
}

interface SelectFieldProps extends FieldShape {
  readonly value: string;
  readonly set: (value: string) => void;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly disabled?: boolean;
}

export function SelectField({ label, help, path, value, set, options, disabled }: SelectFieldProps) {
  return (
    <Field label={label} help={help} {...(path !== undefined && { path })}>
      {(ids) => (
        <select {...ids} disabled={disabled} value={value} onChange={(event) => set(event.target.value)} className="field">
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly set: (isOn: boolean) => void;
  readonly disabled?: boolean;
}

/** A switch without a text beside it; the label is read aloud. */
export function Switch({ label, isOn, set, disabled = false }: SwitchProps) {
  return (
    <BaseSwitch.Root
      checked={isOn}
      onCheckedChange={set}
      disabled={disabled}
      aria-label={label}
      className="relative inline-flex h-5 w-9 shrink-0 cursor-pointer items-center rounded-full border border-line-strong bg-sunken transition-colors data-checked:border-accent data-checked:bg-accent data-disabled:cursor-not-allowed data-disabled:opacity-55"
    >
      <BaseSwitch.Thumb className="ml-0.5 size-3.5 rounded-full bg-line-strong transition-transform data-checked:translate-x-4 data-checked:bg-accent-ink" />
    </BaseSwitch.Root>
  );
}

/** A switch with its text. */
export function SwitchField({ help, ...rest }: SwitchProps & { readonly help?: ReactNode }) {
  return (
    <div className="flex items-start gap-3">
      <div className="shrink-0 pt-0.5">
        <Switch {...rest} />
      </div>
      <div className="min-w-0">
        <div className="font-medium">{rest.label}</div>
        {help !== undefined && <div className="text-[0.93em] text-soft">{help}</div>}
      </div>
    </div>
  );
}
