import { spawn } from 'node:child_process';
import { type CliHost, variable } from '../host.ts';

/** Shows an address in the user's browser; `BROWSER` names another program. No shell reads it, and a machine without browser is no failure: the address is on stderr too. */
export function openBrowser(url: URL, host: Pick<CliHost, 'env' | 'platform'>): void {
  const [command = '', ...args] = commandOf(host);
  const child = spawn(command, [...args, url.href], { stdio: 'ignore', detached: true, windowsHide: true });
  child.on('error', () => undefined);
  child.unref();
}

function commandOf(host: Pick<CliHost, 'env' | 'platform'>): readonly string[] {
  const named = variable(host, 'BROWSER');
  if (named !== undefined) return [named];
  if (host.platform === 'darwin') return ['open'];
  return host.platform === 'win32' ? ['rundll32', 'url.dll,FileProtocolHandler'] : ['xdg-open'];
}
