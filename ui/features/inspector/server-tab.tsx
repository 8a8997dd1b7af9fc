import { Facts, Section } from '../../components/page.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Copyable } from '../../components/code.tsx';
import { When } from '../../components/when.tsx';
import { useText } from '../../texts/texts.ts';
import { isObject, META, REVISIONS, textIn } from '../../mcp/protocol.ts';
import { useSession } from './session-context.ts';

/** What the other side said of itself, and where it is spoken to. */
export function ServerTab() {
  const say = useText();
  const { server, target, inspection, url } = useSession();
  const meta = isObject(server['_meta']) ? server['_meta'] : {};
  const given = server['serverInfo'] ?? meta[META.serverInfo];
  const info = isObject(given) ? given : {};
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <Section title={say('inspector.about')}>
        <Facts
          facts={[
            [say('common.name'), <ForeignText key="name">{`${textIn(info, 'title') ?? textIn(info, 'name') ?? '–'} ${textIn(info, 'version') ?? ''}`}</ForeignText>],
            [say('inspector.revision'), textIn(server, 'protocolVersion') ?? REVISIONS[target.era]],
            [say('inspector.as'), `${inspection.principal.name} (${inspection.principal.kind})`],
            [say('inspector.address'), <Copyable key="url" text={url} />],
            [say('inspector.expires'), <When key="expires" iso={inspection.expiresAt} />],
          ]}
        />
        {textIn(server, 'instructions') !== undefined && (
          <div className="mt-4">
            <p className="mb-1 text-soft">{say('inspector.instructions')}</p>
            <ForeignText isBlock>{textIn(server, 'instructions')}</ForeignText>
          </div>
        )}
      </Section>
      <Section title={say('inspector.capabilities')}>
        <JsonView label={say('inspector.capabilities')} value={server['capabilities'] ?? {}} />
      </Section>
    </div>
  );
}
