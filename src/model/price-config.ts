/** A price as it is written in the configuration. All are in one currency, which only people need to know. */
import { z } from 'zod';

const money = z.number().min(0).max(1e9).default(0);

export const PriceConfigSchema = z.strictObject({
  server: z.string().min(1).max(200).optional().describe('Calls of this server; without it, of all.'),
  tool: z.string().min(1).max(1_000).optional().describe('Calls of this tool or prompt, by the server\'s own name; "*" at the end stands for any rest.'),
  perCall: money.describe('Money for each call.'),
  perMillionTokens: money.describe('Money for a million tokens of arguments and result, estimated as a quarter of their bytes.'),
  perMegabyte: money.describe('Money for a million bytes of arguments and result.'),
  description: z.string().max(1_000).default('').describe('For people.'),
});
