import { Fault } from '../../base/fault.ts';
import { DeleteTemplate, ExportTemplate, ImportTemplate, ListTemplates } from '../../contract/on-demand.ts';
import { bindAction, bindRead } from '../operation.ts';
import type { OnDemandServices } from '../on-demand-services.ts';

/** Throws `request.not_found` in a gateway without servers on demand. */
function onDemandOf({ onDemand }: { readonly onDemand?: OnDemandServices | undefined }): OnDemandServices {
  if (onDemand === undefined) throw new Fault('request.not_found');
  return onDemand;
}

export const listTemplates = bindRead(ListTemplates, async ({ services }) => ({ items: [...onDemandOf(services).templates()] }));

export const exportTemplate = bindRead(ExportTemplate, async ({ services, params }) => onDemandOf(services).exportTemplate(params.name));

export const importTemplate = bindAction(ImportTemplate, {
  begin: ({ body }) => ({ subject: body.template.name, detail: { version: body.template.version } }),
  act: async ({ services, body }) => onDemandOf(services).importTemplate(body.template, body.source),
});

export const deleteTemplate = bindAction(DeleteTemplate, {
  begin: ({ params }) => ({ subject: params.name }),
  act: async ({ services, params }) => onDemandOf(services).deleteTemplate(params.name),
});
