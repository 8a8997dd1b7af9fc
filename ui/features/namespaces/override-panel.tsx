/** What a namespace changes about one tool, prompt or resource, and what a client will see of it. */
import { type ReactNode, useState } from 'react';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Form, SwitchField, TextArea, TextField } from '../../components/form.tsx';
import { CodeField, pageProblem, parseJsonObject } from '../../components/json-field.tsx';
import { notify } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';
import { asObject, mergePatch, type Namespace, overrideOf, type Primitive, SECTIONS, textOf } from './namespace-data.ts';

interface OverridePanelProps {
  readonly namespace: Namespace;
  readonly primitive: Primitive;
  readonly mayWrite: boolean;
  readonly close: () => void;
}

const FORM = 'override';

type Override = Readonly<Record<string, unknown>>;

export function OverridePanel({ namespace, primitive, mayWrite, close }: OverridePanelProps) {
  const say = useText();
  const before = overrideOf(namespace, primitive);
  const [override, setOverride] = useState<Override>(before);
  const [annotations, setAnnotations] = useState(() => JSON.stringify(asObject(before['annotations']), null, 2));
  const notes = parseJsonObject(annotations);
  const change = useChange('PATCH /api/v1/namespaces/{name}', {
    done: () => {
      notify(say('common.saved'));
      close();
    },
    refused: () => undefined,
  });
  const after = withAnnotations(override, notes);
  const write = (next: Override): void => {
    const patch = Object.keys(next).length === 0 ? null : mergePatch(before, next);
    if (patch === undefined) close();
    else change.run({ params: { name: namespace.name }, body: { config: { [SECTIONS[primitive.kind]]: { [primitive.key]: patch } } }, ifVersion: namespace.version });
  };
  const set = (field: string) => (value: string) => setOverride(without({ ...override, [field]: value }, value === '' ? field : undefined));
  const field = (name: string) => ({ value: textOf(override, name), set: set(name), path: name, disabled: !mayWrite });
  const { original } = primitive;
  const footer = mayWrite && (
    <>
      {Object.keys(before).length > 0 && (
        <Button className="mr-auto" onClick={() => write({})}>
          {say('namespaces.reset')}
        </Button>
      )}
      <Button onClick={close}>{say('common.cancel')}</Button>
      <Button look="accent" type="submit" form={FORM} isBusy={change.isRunning}>
        {say('common.save')}
      </Button>
    </>
  );
  return (
    <SidePanel isOpen close={close} width="wide" title={<ForeignText>{primitive.own}</ForeignText>} description={say('namespaces.ofServer', { name: primitive.as })} footer={footer}>
      <div className="grid gap-6 lg:grid-cols-2">
        <Form id={FORM} problem={notes === undefined ? pageProblem(say('common.notJsonObject')) : change.problem} submit={() => notes !== undefined && write(after)}>
          <SwitchField label={say('namespaces.on')} help={say('namespaces.onHelp')} isOn={override['enabled'] !== false} set={(isOn) => setOverride(isOn ? without(override, 'enabled') : { ...override, enabled: false })} disabled={!mayWrite} />
          <TextField label={say('namespaces.exposedName')} help={say('namespaces.exposedNameHelp')} isMono placeholder={primitive.exposed ?? primitive.own} {...field('name')} />
          <TextField label={say('namespaces.title')} placeholder={textOf(original, 'title')} {...field('title')} />
          <TextArea label={say('common.description')} rows={5} placeholder={textOf(original, 'description')} {...field('description')} />
          <CodeField label={say('namespaces.annotations')} help={say('namespaces.annotationsHelp')} value={annotations} set={setAnnotations} isReadOnly={!mayWrite} />
        </Form>
        <Preview primitive={primitive} override={after} />
      </div>
    </SidePanel>
  );
}

function withAnnotations(override: Override, annotations: Override | undefined): Override {
  if (annotations === undefined) return override;
  return Object.keys(annotations).length === 0 ? without(override, 'annotations') : { ...override, annotations };
}

function without(override: Override, field: string | undefined): Override {
  return Object.fromEntries(Object.entries(override).filter(([name]) => name !== field));
}

/** As the data plane lays it over: texts replace, annotations are merged. */
function Preview({ primitive, override }: { readonly primitive: Primitive; readonly override: Override }) {
  const say = useText();
  const { original, exposed, own } = primitive;
  const shown = primitive.definition ?? original;
  const seen: Readonly<Record<string, unknown>> = {
    ...shown,
    name: textOf(override, 'name') || (primitive.overridden.includes('name') ? own : (exposed ?? own)),
    ...(textOf(override, 'title') !== '' ? { title: override['title'] } : { title: original['title'] }),
    ...(textOf(override, 'description') !== '' ? { description: override['description'] } : { description: original['description'] }),
    ...('annotations' in override || 'annotations' in original ? { annotations: { ...asObject(original['annotations']), ...asObject(override['annotations']) } } : {}),
  };
  const schema = asObject(asObject(seen['inputSchema'])['properties']);
  return (
    <section aria-label={say('namespaces.preview')} className="grid content-start gap-3">
      <h3 className="font-semibold">{say('namespaces.preview')}</h3>
      {override['enabled'] === false ? (
        <p className="rounded-lg bg-sunken px-4 py-3 text-soft">{say('namespaces.previewOff')}</p>
      ) : (
        <div className="grid gap-2 rounded-lg border border-line bg-canvas p-4">
          <Changed isChanged={textOf(override, 'name') !== ''}>
            <ForeignText className="font-mono font-medium">{textOf(seen, 'name')}</ForeignText>
          </Changed>
          {textOf(seen, 'title') !== '' && (
            <Changed isChanged={textOf(override, 'title') !== ''}>
              <ForeignText>{textOf(seen, 'title')}</ForeignText>
            </Changed>
          )}
          <Changed isChanged={textOf(override, 'description') !== ''}>
            <ForeignText isBlock className="text-soft">
              {textOf(seen, 'description')}
            </ForeignText>
          </Changed>
          {Object.keys(asObject(seen['annotations'])).length > 0 && (
            <Changed isChanged={'annotations' in override}>
              <pre className="scrolls overflow-x-auto text-soft">
                <ForeignText isBlock>{JSON.stringify(seen['annotations'], null, 2)}</ForeignText>
              </pre>
            </Changed>
          )}
          {Object.keys(schema).length > 0 && (
            <div>
              <p className="font-medium">{say('namespaces.arguments')}</p>
              <ul className="grid gap-1">
                {Object.entries(schema).map(([name, property]) => (
                  <li key={name}>
                    <ForeignText className="font-mono">{name}</ForeignText> <ForeignText className="text-soft">{textOf(asObject(property), 'description')}</ForeignText>
                  </li>
                ))}
              </ul>
            </div>
          )}
        </div>
      )}
      <details>
        <summary className="text-soft">{say('namespaces.asServerSays')}</summary>
        <pre tabIndex={0} aria-label={say('namespaces.asServerSays')} className="scrolls mt-2 max-h-80 overflow-auto rounded-md bg-sunken p-3">
          <ForeignText isBlock>{JSON.stringify(original, null, 2)}</ForeignText>
        </pre>
      </details>
    </section>
  );
}

function Changed({ isChanged, children }: { readonly isChanged: boolean; readonly children: ReactNode }) {
  return <div className={isChanged ? 'border-l-2 border-accent pl-2' : undefined}>{children}</div>;
}
