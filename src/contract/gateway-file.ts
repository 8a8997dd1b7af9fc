/** The file in the data folder by which the command line finds the running gateway. Mode 0600; gone once it stopped. */
import { z } from 'zod';

export const GATEWAY_FILE = 'gateway.json';

export const GatewayFileSchema = z.object({
  /** Of the listener, without a path. */
  url: z.url(),
  /** Of the admin API, where it has a listener of its own. */
  adminUrl: z.url().optional(),
  pid: z.int(),
  /** The operator token, for `Authorization: Bearer`. */
  token: z.string(),
});
export type GatewayFile = z.infer<typeof GatewayFileSchema>;
