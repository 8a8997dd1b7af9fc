/** The configuration file of the start: applied when it is read and whenever it was edited, as its own owner. */
import { insertAuditEvent } from '../../storage/audit-events.ts';
import type { ConfigText } from '../config-file/read-config-text.ts';
import type { MakeKeyServices } from '../make-key.ts';
import type { Publisher } from '../publish.ts';
import { type Applied, applyDocument } from './apply.ts';

const AUTHOR = 'gateway';

/** Whole or not at all. An unchanged file writes nothing. Faults: `config.invalid`, `request.conflict`. */
export async function applyConfigFile(publisher: Publisher, file: ConfigText & { readonly path: string }, services: MakeKeyServices): Promise<Applied> {
  return publisher.change(AUTHOR, async (draft) => {
    const applied = await applyDocument(draft, { value: file.input, source: file.path, locate: file.locate }, services);
    if (applied.items.length > 0 || applied.locked > 0) {
      const detail = { file: file.path, objects: applied.items.map(({ action, kind, name }) => `${action} ${kind}.${name}`), ...(applied.locked > 0 ? { locked: applied.locked } : {}) };
      await insertAuditEvent(draft.tx, { atMs: services.clock.nowMs(), principal: AUTHOR, action: 'applyConfigFile', subject: 'config', outcome: 'done', detail });
    }
    return { result: applied, reason: `file ${file.path}`, locate: file.locate, warnings: file.warnings };
  });
}
