/** Prices as they are compiled, and what one call costs by them. Pure and synchronous: budgets ask on the message path. */

export interface PriceSpec {
  readonly name: string;
  /** Undefined: any. */
  readonly server: string | undefined;
  /** Own name, or its beginning and `*`; undefined: any. */
  readonly tool: string | undefined;
  /** Money for each call, for a million tokens (estimated) and for a megabyte of arguments and result. */
  readonly perCall: number;
  readonly perMillionTokens: number;
  readonly perMegabyte: number;
}

/** Four bytes of JSON are about one token of the usual models. */
const BYTES_PER_TOKEN = 4;

/**
 * Money for one call, in the currency of the prices; undefined where none applies. Of several that fit the most exact
 * counts: a tool before a server, a server before all.
 */
export function costOf(
  prices: readonly PriceSpec[],
  call: { readonly server: string; readonly tool: string; readonly bytesIn: number; readonly bytesOut: number },
): number | undefined {
  const price = prices.find((candidate) => fits(candidate, call.server, call.tool));
  if (price === undefined) return undefined;
  const bytes = call.bytesIn + call.bytesOut;
  return price.perCall + (bytes / BYTES_PER_TOKEN / 1e6) * price.perMillionTokens + (bytes / 1e6) * price.perMegabyte;
}

/** Most exact first; what is equally exact, in the order of the configuration. */
export function inOrder(prices: readonly PriceSpec[]): readonly PriceSpec[] {
  return prices.toSorted((a, b) => exactness(b) - exactness(a));
}

function exactness({ server, tool }: PriceSpec): number {
  const ofTool = tool === undefined ? 0 : tool.endsWith('*') ? 2 : 4;
  return ofTool + (server === undefined ? 0 : 1);
}

function fits({ server, tool }: PriceSpec, ofServer: string, ofTool: string): boolean {
  if (server !== undefined && server !== ofServer) return false;
  if (tool === undefined || tool === ofTool) return true;
  return tool.endsWith('*') && ofTool.startsWith(tool.slice(0, -1));
}
