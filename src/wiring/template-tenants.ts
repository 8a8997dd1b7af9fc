/** Who has processes of template servers: without a sandbox those of two principals could reach each other. */
import { Fault } from '../base/fault.ts';

export interface TemplateTenancy {
  readonly server: string;
  /** For whom alone the process is; undefined: for everybody, as the operator decided. */
  readonly principalId: string | undefined;
  readonly hasSandbox: boolean;
  /** `off`: the operator answers for it. */
  readonly sandbox: 'auto' | 'required' | 'off';
}

export class TemplateTenants {
  readonly #processes = new Map<string, number>();

  /**
   * What it returns is called once, when the process has ended. Throws `upstream.unavailable` where a sandbox is required
   * and there is none, or where somebody else has a process and there is none to keep them apart.
   */
  enter({ server, principalId, hasSandbox, sandbox }: TemplateTenancy): () => void {
    if (!hasSandbox && sandbox === 'required') throw refused(server, 'Servers of templates need a sandbox and there is none here: have bubblewrap installed, or the setting sandbox changed.');
    if (!hasSandbox && sandbox === 'auto' && principalId !== undefined && [...this.#processes.keys()].some((other) => other !== principalId)) {
      throw refused(server, 'Somebody else has servers of templates here and there is no sandbox to keep them apart: have bubblewrap installed, or try again later.');
    }
    if (principalId === undefined) return () => undefined;
    this.#processes.set(principalId, (this.#processes.get(principalId) ?? 0) + 1);
    let isGone = false;
    return () => {
      if (isGone) return;
      isGone = true;
      const left = (this.#processes.get(principalId) ?? 1) - 1;
      if (left > 0) this.#processes.set(principalId, left);
      else this.#processes.delete(principalId);
    };
  }
}

function refused(server: string, message: string): Fault {
  return new Fault('upstream.unavailable', { server, message, reason: 'sandbox_missing', effect: 'not_executed', detail: message });
}
