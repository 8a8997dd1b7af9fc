/**
 * Every middleware that ships, and how a configured one becomes a step. To add one: a folder, and a line here. What an
 * operator brings joins them before the first configuration is read, and stays: it is code of the process like these.
 */
import { z } from 'zod';
import { compileGlobs } from '../base/linear-pattern.ts';
import type { DefinitionContext, Step } from '../model/middleware.ts';
import type { MiddlewareConfig } from '../model/middleware-config.ts';
import { nearestHint } from '../model/nearest-name.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { block } from './block/block.ts';
import { cache } from './cache/cache.ts';
import { filter } from './filter/filter.ts';
import { hiddenText } from './hidden-text/hidden-text.ts';
import { fromHooks, type Hooks, type Manifest } from './manifest.ts';
import { project } from './project/project.ts';
import { provenance } from './provenance/provenance.ts';
import { redact } from './redact/redact.ts';
import { renameFields } from './rename-fields/rename-fields.ts';
import { timeout } from './timeout/timeout.ts';
import { truncate } from './truncate/truncate.ts';
import { webhook } from './webhook/webhook.ts';
import { validate } from './validate/validate.ts';

/** A manifest with its options still unread. */
interface Registered {
  readonly manifest: Manifest;
  readonly hooksFrom: (options: unknown, place: string | undefined) => Hooks | z.ZodError;
}

function register<Options extends z.ZodType>(manifest: Manifest<Options>): Registered {
  return {
    manifest: manifest as unknown as Manifest,
    hooksFrom: (given, place) => {
      const parsed = manifest.options.safeParse(given);
      if (!parsed.success) return parsed.error;
      try {
        return manifest.create(parsed.data, place);
      } catch (thrown) {
        return new z.ZodError([{ code: 'custom', path: [], input: undefined, message: `${manifest.name} cannot be made with these: ${thrown instanceof Error ? thrown.message : String(thrown)}` }]);
      }
    },
  };
}

const REGISTERED: readonly Registered[] = [
  register(validate),
  register(redact),
  register(hiddenText),
  register(truncate),
  register(project),
  register(block),
  register(provenance),
  register(renameFields),
  register(timeout),
  register(filter),
  register(cache),
  register(webhook),
];

const added: Registered[] = [];

/** Every manifest, for documents and forms. */
export function manifests(): readonly Manifest[] {
  return [...REGISTERED, ...added].map(({ manifest }) => manifest);
}

/** False where the name is taken. */
export function addManifest(manifest: Manifest): boolean {
  if (manifests().some(({ name }) => name === manifest.name)) return false;
  added.push(register(manifest));
  return true;
}

export interface StepProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The step, or what is wrong with its name or options. `place`: see `Manifest.create`. */
export function compileStep(config: MiddlewareConfig, place?: string): Step | readonly StepProblem[] {
  const found = [...REGISTERED, ...added].find(({ manifest }) => manifest.name === config.use);
  if (found === undefined)
    return [
      {
        path: ['use'],
        message: `expected the name of a middleware${nearestHint(
          config.use,
          manifests().map((manifest) => manifest.name),
        )}`,
      },
    ];
  const hooks = found.hooksFrom(config.with, place);
  if (!isHooks(hooks))
    return hooks.issues.map((issue) => ({
      path: ['with', ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))],
      message: issue.message,
    }));
  const servers = config.servers === undefined ? undefined : compileGlobs(config.servers);
  const names = config.names === undefined ? undefined : compileGlobs(config.names);
  return {
    name: config.use,
    isOutermost: found.manifest.isOutermost === true,
    covers: (server, own) => (servers?.(server) ?? true) && (own === undefined || (names?.(own) ?? true)),
    around: fromHooks(found.manifest, hooks, config.onFailure ?? found.manifest.onFailure),
    onDefinition: hooks.onDefinition === undefined ? undefined : pinnedDefinition(hooks.onDefinition),
  };
}

/** The order in which steps stand around a call: as configured, those first that must be. */
export function inOrder(steps: readonly Step[]): readonly Step[] {
  return steps.toSorted((a, b) => Number(b.isOutermost === true) - Number(a.isOutermost === true));
}

function isHooks(value: Hooks | z.ZodError): value is Hooks {
  return !('issues' in value);
}

/** Name and URI of a definition are the namespace's business. */
function pinnedDefinition(change: NonNullable<Hooks['onDefinition']>): NonNullable<Step['onDefinition']> {
  return (definition: JsonObject, context: DefinitionContext) => {
    const changed = change(definition, context);
    if (changed === undefined || changed === definition) return changed;
    const pins = Object.fromEntries(['name', 'uri', 'uriTemplate'].filter((key) => key in definition).map((key) => [key, definition[key]]));
    return { ...changed, ...pins };
  };
}
