/** A client of the gateway's OAuth server, whose token is renewed again and again. */
import { Browser } from '../test/support/browser.ts';
import { OAuthClient } from '../test/support/oauth-client.ts';
import type { RunningGateway } from '../test/support/start-gateway.ts';
import { tokenOf } from '../test/support/start-people.ts';
import { TestBrowser } from '../test/support/test-browser.ts';

const COOKIE = '__Host-metamcp-sign-in';

export interface TokenClient {
  /** A new access token, for which the refresh token was given up. One after the other: a refresh token counts once. */
  readonly refreshed: () => Promise<string>;
}

/** Makes the first operator, who consents to a client for this endpoint. */
export async function signIn({ url, mcp, adminLink }: RunningGateway, endpoint: string): Promise<TokenClient> {
  const person = new TestBrowser(url);
  const { status } = await person.ask('POST', '/api/v1/links/redeem', { body: { token: tokenOf(adminLink), email: 'op@example.com', password: 'correct horse battery' } });
  if (status !== 200) throw new Error(`no operator: ${status}`);
  const browser = new Browser();
  browser.give(url, COOKIE, person.cookies.get(COOKIE) ?? '');
  const client = new OAuthClient(url);
  const { client_id: clientId } = await client.register();
  const resource = mcp(endpoint);
  const redeemed = await client.redeem(clientId, await client.code(clientId, { resource }, browser), { resource });
  let latest = Promise.resolve(redeemed.body);
  return {
    refreshed: async () => {
      latest = latest.then(async ({ refresh_token: refreshToken }) => (await client.refresh(clientId, String(refreshToken), { resource })).body);
      return String((await latest)['access_token']);
    },
  };
}
