import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { TextArea } from '../../components/form.tsx';
import { parseJsonObject } from '../../components/json-field.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { useText } from '../../texts/texts.ts';
import { CallCard } from './call-card.tsx';
import { ItemList } from './item-list.tsx';
import { type JsonObject, textIn } from '../../mcp/protocol.ts';
import { CallResult } from './result-view.tsx';
import { defaultsOf, missingIn, SchemaForm } from './schema-form.tsx';
import { useCall } from './use-call.ts';
import { useList } from './use-list.ts';

export function ToolsTab() {
  const say = useText();
  const list = useList('tools/list', 'tools');
  return <ItemList label={say('inspector.tools')} list={list} member="name" render={(tool) => <Tool tool={tool} />} />;
}

function Tool({ tool }: { readonly tool: JsonObject }) {
  const say = useText();
  const name = textIn(tool, 'name') ?? '';
  const schema = tool['inputSchema'];
  const [values, setValues] = useState<JsonObject>(() => defaultsOf(schema));
  const [raw, setRaw] = useState<string>();
  const [isSchemaShown, showSchema] = useState(false);
  const call = useCall();
  const parsed = raw === undefined ? values : parseJsonObject(raw);
  const missing = parsed === undefined ? [] : missingIn(schema, parsed);
  const params = { name, arguments: parsed ?? {} };
  return (
    <CallCard
      item={tool}
      name={name}
      what="tools"
      values={parsed ?? values}
      load={(loaded) => {
        setValues(loaded);
        setRaw(raw === undefined ? undefined : JSON.stringify(loaded, null, 2));
      }}
      shown={{ method: 'tools/call', params, inputSchema: schema }}
    >
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (parsed !== undefined) call.run('tools/call', params, schema);
        }}
      >
        {raw === undefined ? <SchemaForm schema={schema} values={values} set={setValues} /> : <TextArea label={say('inspector.arguments')} isMono rows={8} value={raw} set={setRaw} help={parsed === undefined ? <span className="text-bad">{say('inspector.notJson')}</span> : undefined} />}
        <div className="flex flex-wrap items-center gap-2">
          <Button type="submit" look="accent" disabled={parsed === undefined} isBusy={call.state.phase === 'running'}>
            {say('inspector.call')}
          </Button>
          <Button
            onClick={() => {
              if (raw === undefined) return setRaw(JSON.stringify(values, null, 2));
              if (parsed === undefined) return;
              setValues(parsed);
              setRaw(undefined);
            }}
          >
            {say(raw === undefined ? 'inspector.asJson' : 'inspector.asForm')}
          </Button>
          <Button look="quiet" aria-expanded={isSchemaShown} onClick={() => showSchema(!isSchemaShown)}>
            {say('inspector.schema')}
          </Button>
          {missing.length > 0 && <span className="text-warn">{say('inspector.missing', { names: missing.join(', ') })}</span>}
        </div>
      </form>
      {isSchemaShown && <JsonView label={say('inspector.schema')} value={tool} />}
      <CallResult call={call.state} />
    </CallCard>
  );
}
