/** What the server said by itself: log messages, changes, progress. */
import { Badge, type Tone } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { SelectField } from '../../components/form.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { notify } from '../../components/notices.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { isObject, LOG_LEVELS, textIn } from '../../mcp/protocol.ts';
import { useSession, useSessionState } from './session-context.ts';

const TONES: Readonly<Record<string, Tone>> = { debug: 'plain', info: 'accent', notice: 'accent', warning: 'warn' };

export function NoticesTab() {
  const say = useText();
  const formats = useFormats();
  const session = useSession();
  const { notices, logLevel } = useSessionState();
  const setLevel = (value: string): void => {
    const level = LOG_LEVELS.find((each) => each === value);
    if (level !== undefined) session.setLogLevel(level).catch((thrown: unknown) => notify(thrown instanceof Error ? thrown.message : String(thrown)));
  };
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-end gap-4">
        <div className="w-56">
          <SelectField label={say('inspector.logLevel')} value={logLevel ?? ''} set={setLevel} options={[...(logLevel === undefined ? [{ value: '', label: say('inspector.logUnset') }] : []), ...LOG_LEVELS.map((value) => ({ value, label: value }))]} />
        </div>
        {session.target.era === 'legacy' && (
          <Button icon="refresh" onClick={() => void session.tellRootsChanged()}>
            {say('inspector.rootsChanged')}
          </Button>
        )}
      </div>
      <p className="text-soft">{say(session.target.era === 'modern' ? 'inspector.logModern' : 'inspector.logLegacy')}</p>
      {notices.length === 0 ? (
        <div className="panel">
          <EmptyState icon="info" title={say('inspector.noNotices')}>
            {say('inspector.noNoticesHelp')}
          </EmptyState>
        </div>
      ) : (
        <ol className="grid gap-3" aria-label={say('inspector.notices')}>
          {notices.toReversed().map(({ sequence, at, message }) => {
            const params = isObject(message['params']) ? message['params'] : {};
            const level = textIn(params, 'level');
            return (
              <li key={sequence} className="panel p-3">
                <p className="mb-2 flex flex-wrap items-center gap-2">
                  <code>{textIn(message, 'method')}</code>
                  {level !== undefined && <Badge tone={TONES[level] ?? 'bad'}>{level}</Badge>}
                  <span className="ml-auto text-soft tabular-nums">{formats.time(at)}</span>
                </p>
                <JsonView label={textIn(message, 'method') ?? ''} value={params} />
              </li>
            );
          })}
        </ol>
      )}
    </div>
  );
}
