/** Arguments: the override's defaults filled in, its fixed arguments set, its hidden ones refused like unknown ones. */
import { Fault } from '../../base/fault.ts';
import type { Override } from '../../model/namespace.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import type { Middleware } from '../middleware.ts';

/** Undefined where the override says nothing about arguments. */
export function overriddenArguments(override: Override): Middleware | undefined {
  const { argumentDefaults, fixedArguments, hiddenArguments } = override;
  const refused = new Set([...hiddenArguments, ...Object.keys(fixedArguments)]);
  if (refused.size === 0 && Object.keys(argumentDefaults).length === 0) return undefined;
  return (params, next) => {
    const given: JsonObject = isObject(params['arguments']) ? params['arguments'] : {};
    const unknown = Object.keys(given).find((name) => refused.has(name));
    if (unknown !== undefined) throw new Fault('request.params_invalid', { message: `Unknown argument: ${unknown.slice(0, 100)}` });
    const changed: Record<string, JsonValue | undefined> = { ...argumentDefaults, ...given, ...fixedArguments };
    return next({ ...params, arguments: changed });
  };
}
