import { Fault } from '../../base/fault.ts';
import { ReleaseObjects } from '../../contract/config.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import type { ConfigDraft } from '../configuration/draft.ts';
import { SET_BY_HAND } from '../configuration/plan.ts';
import { bindChange } from '../operation.ts';

/** A file that is gone no longer says what its objects are: they stay as they are, and can be changed by hand. */
export const releaseObjects = bindChange(ReleaseObjects, async ({ body, draft, services }) => {
  const { source, names, reason } = body;
  const owned = draft.objects.filter(({ managedBy }) => managedBy === source);
  const wanted = names === null ? owned : owned.filter((object) => names.includes(nameOf(object)));
  const missing = names?.find((name) => !owned.some((object) => nameOf(object) === name));
  if (owned.length === 0 || missing !== undefined) throw new Fault('request.not_found', { message: `The file ${source} owns ${missing === undefined ? 'nothing' : `no ${missing}`} here.`, reason: 'source' });
  // Its next edit would take them again.
  if (source === services.configFile) throw new Fault('request.conflict', { message: `The gateway follows the file ${source}: take it out there, or start without it.`, reason: 'owned_by_file' });
  for (const object of wanted) await release(draft, object);
  const released = wanted.map(nameOf);
  return { answer: { released }, event: { subject: 'config', detail: { source, released } }, reason };
});

async function release(draft: ConfigDraft, object: ConfigObject): Promise<void> {
  if (object.kind !== 'settings') {
    await draft.update(object, { managedBy: undefined });
    return;
  }
  // What files set wins over what was set by hand, so it does here.
  const own = draft.find({ kind: 'settings', name: SET_BY_HAND });
  await draft.delete(object);
  if (own === undefined) await draft.insert({ kind: 'settings', name: SET_BY_HAND, body: object.body, owner: undefined, managedBy: undefined });
  else await draft.update(own, { body: { ...own.body, ...object.body } });
}

function nameOf({ kind, name }: ConfigObject): string {
  return `${kind}.${name}`;
}
