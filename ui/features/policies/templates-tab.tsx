import { useRead } from '../../api/queries.ts';
import { JsonView } from '../../components/json-view.tsx';
import { Loaded, Section } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';

/** Ready-made rules, and what each wants to know. */
export function TemplatesTab() {
  const say = useText();
  const templates = useRead('GET /api/v1/policy-templates');
  return (
    <Loaded read={templates}>
      {({ items }) => (
        <div className="grid items-start gap-4 lg:grid-cols-2">
          {items.map(({ name, description, parameters }) => (
            <Section key={name} title={name} lead={description}>
              <p className="mb-1 text-soft">{say('policies.parameters')}</p>
              <JsonView label={say('policies.parameters')} value={parameters} />
            </Section>
          ))}
        </div>
      )}
    </Loaded>
  );
}
