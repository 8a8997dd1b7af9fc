/** What the list of an endpoint costs a model, and how it is shown instead. */
import { useRead } from '../../api/queries.ts';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Facts, Loaded, Section } from '../../components/page.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { type Endpoint, ModeForm } from './mode-form.tsx';

export function CostTab({ endpoint }: { readonly endpoint: Endpoint }) {
  const say = useText();
  const formats = useFormats();
  const cost = useRead('GET /api/v1/endpoints/{name}/context-cost', { params: { name: endpoint.name } });
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <ModeForm key={endpoint.version} endpoint={endpoint} />
      <Loaded read={cost}>
        {({ toolCount, fullTokens, listedTokens, servers, tools }) => (
          <>
            <Section title={say('discovery.cost')} lead={say('discovery.costHelp')}>
              <Facts
                facts={[
                  [say('discovery.tools'), formats.number(toolCount)],
                  [say('discovery.full'), say('discovery.tokens', { text: formats.number(fullTokens) })],
                  [say('discovery.listed'), <span key="listed" className="font-semibold">{say('discovery.tokens', { text: formats.number(listedTokens) })}</span>],
                ]}
              />
            </Section>
            <Bars title={say('discovery.byServer')} rows={servers.map(({ server, tokens }) => ({ name: server, tokens }))} />
            <Bars title={say('discovery.dearest')} rows={tools} />
          </>
        )}
      </Loaded>
    </div>
  );
}

function Bars({ title, rows }: { readonly title: string; readonly rows: readonly { readonly name: string; readonly tokens: number }[] }) {
  const formats = useFormats();
  const most = Math.max(1, ...rows.map(({ tokens }) => tokens));
  return (
    <Section title={title}>
      <ol className="grid gap-2.5">
        {rows.map(({ name, tokens }) => (
          <li key={name}>
            <div className="flex items-baseline justify-between gap-3">
              <span className="truncate">
                <ForeignText charsMax={200}>{name}</ForeignText>
              </span>
              <span className="tabular-nums">{formats.number(tokens)}</span>
            </div>
            <div aria-hidden className="mt-1 h-1.5 overflow-hidden rounded-full bg-sunken">
              <div className="h-full rounded-full bg-accent" style={{ width: `${Math.max(1, (tokens / most) * 100)}%` }} />
            </div>
          </li>
        ))}
      </ol>
    </Section>
  );
}
