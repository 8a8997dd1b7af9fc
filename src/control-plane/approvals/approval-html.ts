/** The HTML of the approval page: every text that came from outside is escaped, and what does not show is made visible. */
import { toIso } from '../../base/clock.ts';
import type { Approval } from '../../model/approval.ts';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:8vh auto;padding:0 1rem;color:#1a1a1a;background:#fff}h1{font-size:1.4rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1rem}dt{color:#555}dd{margin:0;overflow-wrap:anywhere}pre{background:#f4f4f4;padding:.8rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}button{font:inherit;padding:.5rem 1.2rem;border:0;border-radius:.4rem;background:#1a4fd8;color:#fff;cursor:pointer}button.no{background:#a30000}input{font:inherit;width:100%;padding:.4rem;box-sizing:border-box}.note{color:#555}@media(prefers-color-scheme:dark){body{color:#eee;background:#151515}dt,.note{color:#aaa}pre{background:#222}}';

export interface ApprovalForm {
  readonly action: string;
  readonly mayDecide: boolean;
  /** Who is signed in. */
  readonly who: string;
}

const STATES: Readonly<Record<Approval['state'], string>> = {
  pending: 'waits for a decision',
  approved: 'approved: the call may be made once',
  denied: 'denied',
  used: 'approved, and the call was made',
  expired: 'expired',
};

export function approvalPage(approval: Approval, { action, mayDecide, who }: ApprovalForm): string {
  const { principalName, principal, server, name, method, endpoint, rule, reason, expiresAtMs, decidedBy, note } = approval;
  const rows: [string, string][] = [
    ['State', STATES[approval.state]],
    ['Who asks', `${principalName} (${principal})`],
    ['Server', server],
    [method === 'tools/call' ? 'Tool' : method, name],
    ['Endpoint', endpoint],
    ['Rule', reason === undefined ? rule : `${rule}: ${reason}`],
    ['Until', toIso(expiresAtMs)],
    ...(decidedBy === undefined ? [] : [['Decided by', decidedBy] as [string, string]]),
    ...(note === undefined ? [] : [['Note', note] as [string, string]]),
  ];
  const list = rows.map(([term, text]) => `<dt>${escaped(term)}</dt><dd>${escaped(text)}</dd>`).join('');
  const form = mayDecide
    ? `<form method="post" action="${escaped(action)}"><p><label for="note">Reason</label><input id="note" name="note" maxlength="1000" autocomplete="off"></p><p><button name="verdict" value="approve">Approve this call</button> <button class="no" name="verdict" value="deny">Deny it</button></p></form><p class="note">You are ${escaped(who)}. An approval is for exactly these arguments, once.</p>`
    : `<p class="note">You are ${escaped(who)}. There is nothing for you to decide here.</p>`;
  return layout('Approve a call', `<dl>${list}</dl><h2>Arguments</h2><pre>${escaped(JSON.stringify(approval.arguments, null, 2))}</pre>${form}`);
}

export function faultPage(message: string): string {
  return layout('This cannot be shown', `<p role="alert">${escaped(message)}</p>`);
}

function layout(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title} – MetaMCP</title><style>${STYLE}</style></head><body><main><h1>${title}</h1>${body}</main></body></html>`;
}

/** Controls, marks of direction and other characters without a form are written as their number. */
function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/[^\P{C}\n\t]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
