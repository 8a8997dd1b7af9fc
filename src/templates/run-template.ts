/**
 * Runs one template as a process: started by path with the template's folder as its argument; what it is given comes in
 * one variable, `TEMPLATE_SETTINGS`, as JSON.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { systemClock } from '../base/clock.ts';
import { TemplateSchema } from '../model/template.ts';
import { serveStdio } from '../serving/serve-stdio.ts';
import { ServerPeer } from '../serving/server-peer.ts';
import { ToolRefusal } from '../serving/tool.ts';
import { toolsServed } from '../serving/tools-served.ts';
import { ConfinedFiles } from './confined-files.ts';
import { sourceOf } from './load-templates.ts';
import type { CreateTools, WebFetch } from './template-tools.ts';

const SettingsSchema = z.strictObject({
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  root: z.string().optional(),
  operatorOrigins: z.array(z.string()),
  egressAllow: z.array(z.string()),
});

const folder = process.argv[2] ?? '';
const template = TemplateSchema.parse(JSON.parse(readFileSync(join(folder, 'template.json'), 'utf8')));
// The launcher's one word to this process, not a setting of the gateway.
// oxlint-disable-next-line no-restricted-properties
const settings = SettingsSchema.parse(JSON.parse(process.env['TEMPLATE_SETTINGS'] ?? '{}'));

const module = (await import(pathToFileURL(sourceOf(folder, template.file)).href)) as { readonly createTools: CreateTools };
const tools = module.createTools({
  parameters: settings.parameters,
  clock: systemClock,
  web: template.egress === 'none' ? noWeb : lateWeb(),
  files: new ConfinedFiles({ root: template.files === 'none' ? undefined : settings.root, mayWrite: template.files === 'write', newId: () => randomBytes(9).toString('hex') }),
});
const served = toolsServed({ info: { name: template.name, title: template.title, version: template.version }, instructions: template.description, tools: () => tools, listsAreFixed: true });
serveStdio((send) => new ServerPeer(served, send));

function noWeb(): Promise<never> {
  throw new ToolRefusal('This template may not reach the network');
}

/** Loaded at the first request, so that a start is quick. */
function lateWeb(): WebFetch {
  let web: Promise<WebFetch> | undefined;
  const load = async (): Promise<WebFetch> => {
    const [{ createDialer }, { createGuardedWeb }, { toEgressAllowance }] = await Promise.all([import('../upstream/dialer/dialer.ts'), import('./guarded-web.ts'), import('../upstream/dialer/address-rule.ts')]);
    const dialer = createDialer({ clock: systemClock, ownListeners: () => [], allowances: () => settings.egressAllow.map(toEgressAllowance) });
    return createGuardedWeb({ clock: systemClock, dialer, operatorOrigins: new Set(settings.operatorOrigins) });
  };
  return async (url, request) => (await (web ??= load()))(url, request);
}
