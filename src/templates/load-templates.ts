/** Finds templates: those shipped beside this file, and those imported into a folder of the instance. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Template, TemplateSchema } from '../model/template.ts';

export interface FoundTemplates {
  readonly templates: ReadonlyMap<string, Template>;
  /** Folders that hold none that could be read, and why. */
  readonly problems: readonly string[];
}

/** `importedFolder`: may be missing. A shipped template is never replaced by an imported one of its name. */
export function loadTemplates(importedFolder: string | undefined): FoundTemplates {
  const templates = new Map<string, Template>();
  const problems: string[] = [];
  const sources = [{ place: import.meta.dirname, origin: 'shipped' as const }, ...(importedFolder === undefined ? [] : [{ place: importedFolder, origin: 'imported' as const }])];
  for (const { place, origin } of sources) {
    for (const folder of foldersIn(place)) {
      const read = readTemplate(folder, origin);
      if (typeof read === 'string') problems.push(`${folder}: ${read}`);
      else if (templates.has(read.name)) problems.push(`${folder}: a template ${read.name} is shipped already`);
      else templates.set(read.name, read);
    }
  }
  return { templates, problems };
}

/** The template, or why there is none. */
export function readTemplate(folder: string, origin: Template['origin']): Template | string {
  try {
    const text = readFileSync(join(folder, 'template.json'));
    const parsed = TemplateSchema.safeParse(JSON.parse(text.toString()));
    if (!parsed.success) return parsed.error.issues.map((issue) => `template.json: ${issue.path.join('.')}: ${issue.message}`).join('; ');
    if (parsed.data.name !== basename(folder)) return `template.json names it ${parsed.data.name}`;
    const digest = createHash('sha256').update(text).update('\0').update(readFileSync(sourceOf(folder, parsed.data.file))).digest('hex');
    return { ...parsed.data, folder, origin, digest };
  } catch (error) {
    return error instanceof Error ? error.message : 'unreadable';
  }
}

/** In the package the sources are JavaScript, under names to fit. */
export function sourceOf(folder: string, file: string): string {
  const path = join(folder, file);
  return existsSync(path) ? path : path.replace(/[.]ts$/, '.js');
}

function foldersIn(place: string): string[] {
  if (!existsSync(place)) return [];
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(place, entry.name, 'template.json')))
    .map((entry) => join(place, entry.name))
    .toSorted();
}
