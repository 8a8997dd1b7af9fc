/** The HTML of the sign-in pages: no scripts, nothing from elsewhere, and every text that came from outside escaped. */
import type { SignInPreview } from './live-grants.ts';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:10vh auto;padding:0 1rem;color:#1a1a1a;background:#fff}h1{font-size:1.4rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1rem}dt{color:#555}dd{margin:0;overflow-wrap:anywhere}button{font:inherit;padding:.5rem 1.2rem;border:0;border-radius:.4rem;background:#1a4fd8;color:#fff;cursor:pointer}input{font:inherit;width:100%;padding:.4rem;box-sizing:border-box}.note{color:#555}.bad{color:#a30000}@media(prefers-color-scheme:dark){body{color:#eee;background:#151515}dt,.note{color:#aaa}.bad{color:#ff8a8a}}';

export interface ConsentForm {
  readonly action: string;
  readonly csrf: string;
  /** The browser must prove whose it is. */
  readonly needsCredential: boolean;
  /** The credential that was shown proved nothing. */
  readonly isRefused: boolean;
}

export function consentPage(preview: SignInPreview, form: ConsentForm): string {
  const who = preview.isForService ? 'everybody who uses this server through MetaMCP' : preview.principalName;
  const scopes = preview.scopes.length === 0 ? 'what the server offers without further scopes' : preview.scopes.join(', ');
  const credential = form.needsCredential
    ? `<p><label for="credential">${preview.isForService ? 'Operator token of this MetaMCP' : 'The API key that your MCP client uses here'}</label><input id="credential" name="credential" type="password" autocomplete="off" required></p><p class="note">It proves that this sign-in is yours. Do not go on if somebody sent you this address.</p>`
    : '';
  return layout(
    `Sign in to ${preview.server}`,
    `<p>MetaMCP will act at this server for <strong>${escaped(who)}</strong>, with the account you sign in to next.</p>
<dl><dt>Server</dt><dd>${escaped(preview.server)}</dd><dt>Address</dt><dd>${escaped(preview.resource)}</dd><dt>Sign-in at</dt><dd>${escaped(preview.issuer)}</dd><dt>Asks for</dt><dd>${escaped(scopes)}</dd></dl>
${form.isRefused ? '<p class="bad" role="alert">That does not prove that this sign-in is yours.</p>' : ''}
<form method="post" action="${escaped(form.action)}"><input type="hidden" name="csrf" value="${escaped(form.csrf)}">${credential}<p><button type="submit">Continue</button></p></form>
<p class="note">Close this page if you did not ask for it: nothing has happened yet.</p>`,
  );
}

export function donePage(server: string): string {
  return layout(`Signed in to ${server}`, '<p>You can close this page and go back to your client.</p>');
}

export function faultPage(message: string): string {
  return layout('The sign-in did not succeed', `<p role="alert">${escaped(message)}</p>`);
}

function layout(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escaped(title)} – MetaMCP</title><style>${STYLE}</style></head><body><main><h1>${escaped(title)}</h1>${body}</main></body></html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
