/** The admin client for the gateway that an invocation names. */
import { type AdminClient, createAdminClient } from './admin-client.ts';
import type { Invocation } from './command.ts';
import { getGateway } from './locate.ts';

/** Throws a Refusal when no gateway is named and none runs. */
export async function openAdminClient({ flag, host }: Invocation): Promise<AdminClient> {
  return createAdminClient(await getGateway({ url: flag('url'), data: flag('data') }, host));
}
