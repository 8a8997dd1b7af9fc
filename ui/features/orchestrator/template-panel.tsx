/** A template looked at closely, and the form that makes a server of it. */
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useCreateServer } from '../../api/create-server.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Form, TextField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { Facts } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';
import { OfferIn, useOffer } from './offer-in.tsx';
import { ParameterField, toParameters } from './parameter-field.tsx';
import { Reach } from './reach.tsx';
import type { Template } from './shapes.ts';

const FORM = 'use-template';

interface TemplatePanelProps {
  /** Undefined: closed. */
  readonly template: Template | undefined;
  readonly close: () => void;
  readonly mayWrite: boolean;
}

export function TemplatePanel({ template, close, mayWrite }: TemplatePanelProps) {
  const say = useText();
  const footer = mayWrite && (
    <>
      <Button onClick={close}>{say('common.cancel')}</Button>
      <Button look="accent" type="submit" form={FORM}>
        {say('orchestrator.addServer')}
      </Button>
    </>
  );
  return (
    <SidePanel isOpen={template !== undefined} close={close} title={<ForeignText>{template?.title}</ForeignText>} description={<ForeignText>{template?.description}</ForeignText>} footer={footer === false ? undefined : footer}>
      {template !== undefined && (
        <div className="grid gap-6">
          <About template={template} />
          {mayWrite && <Fields key={template.name} template={template} />}
        </div>
      )}
    </SidePanel>
  );
}

function About({ template }: { readonly template: Template }) {
  const say = useText();
  return (
    <Facts
      facts={[
        [say('orchestrator.version'), `${template.version} · ${say(`orchestrator.template.${template.origin}`)}`],
        [say('orchestrator.template.reach'), <Reach key="reach" template={template} />],
        [say('orchestrator.template.keeps'), say(template.stateless ? 'orchestrator.template.stateless' : 'orchestrator.template.stateful')],
        [
          say('orchestrator.template.capabilities'),
          <span key="capabilities" className="flex flex-wrap gap-1">
            {template.capabilities.length === 0 ? '–' : template.capabilities.map((capability) => <Badge key={capability}>{capability}</Badge>)}
          </span>,
        ],
        [say('orchestrator.template.digest'), <code key="digest">{template.digest.slice(0, 16)}</code>],
      ]}
    />
  );
}

function Fields({ template }: { readonly template: Template }) {
  const say = useText();
  const navigate = useNavigate();
  const offer = useOffer();
  const [name, setName] = useState(template.name.replace(/_template$/, '').replaceAll('_', '-'));
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const create = useCreateServer(() => {
    notify(say('orchestrator.added', { name }));
    void navigate({ to: '/servers/$name', params: { name } } as never);
  });
  const parameters = Object.entries(template.parameters);
  const submit = (): void => create.run({ name, config: { type: 'template', template: template.name, with: toParameters(template.parameters, values) }, namespace: offer.name });
  return (
    <Form id={FORM} problem={create.problem} submit={submit} className="grid gap-4 border-t border-line pt-5">
      <h3 className="font-semibold">{say('orchestrator.template.makeServer')}</h3>
      <TextField label={say('common.name')} help={say('common.nameHelp')} path="name" required autoFocus value={name} set={setName} />
      {parameters.map(([parameter, shape]) => (
        <ParameterField key={parameter} name={parameter} parameter={shape} value={values[parameter]} set={(value) => setValues({ ...values, [parameter]: value })} />
      ))}
      {parameters.length === 0 && <p className="text-soft">{say('orchestrator.template.noParameters')}</p>}
      <OfferIn offer={offer} />
    </Form>
  );
}
