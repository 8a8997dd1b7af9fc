/** An issuer of JWTs on loopback, with its discovery document and its keys. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export interface TokenIssuer {
  readonly url: string;
  /** Paths that were asked for. */
  readonly seen: { readonly paths: string[] };
  /** Signed for five minutes from now, unless the claims say otherwise; what is undefined is left out. */
  readonly sign: (claims: JWTPayload, typ?: string) => Promise<string>;
  readonly close: () => void;
}

export async function startTokenIssuer(): Promise<TokenIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const key = { ...(await exportJWK(publicKey)), kid: 'k1', use: 'sig', alg: 'ES256' };
  const seen = { paths: [] as string[] };
  const server = createServer((http, response) => {
    seen.paths.push(http.url ?? '');
    const documents: Record<string, object> = { '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` }, '/keys': { keys: [key] } };
    const document = documents[http.url ?? ''];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(document ?? {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sign: TokenIssuer['sign'] = (claims, typ = 'at+jwt') => {
    const nowSeconds = Math.floor(Date.now() / 1_000);
    return new SignJWT({ iss: url, iat: nowSeconds, exp: nowSeconds + 300, ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'k1', typ }).sign(privateKey);
  };
  return { url, seen, sign, close: () => server.close() };
}
