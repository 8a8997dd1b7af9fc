/** Inspections of the data plane as the control plane opens and reads them. */
import type { LiveInspection, LiveInspections } from '../control-plane/live-inspections.ts';
import { addressOf, type Inspection, type Inspections } from '../data-plane/inspections.ts';

export function createLiveInspections(inspections: Inspections): LiveInspections {
  return {
    open: (target, principal, openedBy) => show(inspections.open(target, principal, openedBy)),
    list: () => inspections.list().map(show),
    messages: (id, after) => inspections.messages(id, after) ?? [],
    close: (id) => inspections.close(id),
  };
}

function show(inspection: Inspection): LiveInspection {
  const { id, target, principal, openedBy, token, expiresAtMs } = inspection;
  return { id, target, principal, openedBy, token, expiresAtMs, path: addressOf(inspection) };
}
