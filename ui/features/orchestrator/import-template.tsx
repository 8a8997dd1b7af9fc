import { useState } from 'react';
import type { RequestOf } from '../../api/operations.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { Form } from '../../components/form.tsx';
import { CodeField, pageProblem, parseJsonObject } from '../../components/json-field.tsx';
import { notify } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';

const FORM = 'import-template';
type Body = RequestOf<'POST /api/v1/templates'>['body'];

export function ImportTemplate({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const say = useText();
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<ApiProblem>();
  const change = useChange('POST /api/v1/templates', {
    done: ({ title }) => {
      notify(say('orchestrator.template.importedNotice', { name: title }));
      setText('');
      close();
    },
    refused: () => undefined,
  });
  const submit = (): void => {
    const parsed = parseJsonObject(text);
    setWrong(parsed === undefined ? pageProblem(say('common.notJsonObject')) : undefined);
    // The gateway checks every member.
    if (parsed !== undefined) change.run({ body: parsed as unknown as Body });
  };
  const footer = (
    <>
      <Button onClick={close}>{say('common.cancel')}</Button>
      <Button look="accent" type="submit" form={FORM} isBusy={change.isRunning} disabled={text.trim() === ''}>
        {say('orchestrator.template.import')}
      </Button>
    </>
  );
  return (
    <SidePanel isOpen={isOpen} close={close} title={say('orchestrator.template.import')} description={say('orchestrator.template.importLead')} footer={footer}>
      <Form id={FORM} problem={wrong ?? change.problem} submit={submit}>
        <p className="rounded-md bg-warn-wash px-3 py-2 text-warn">{say('orchestrator.template.importWarning')}</p>
        <label className="grid gap-1 font-medium">
          {say('orchestrator.file')}
          <input type="file" accept="application/json,.json" className="field py-1 font-normal" onChange={(event) => void event.target.files?.[0]?.text().then(setText)} />
        </label>
        <CodeField label={say('orchestrator.template.document')} help={say('orchestrator.template.documentHelp')} value={text} set={setText} />
      </Form>
    </SidePanel>
  );
}
