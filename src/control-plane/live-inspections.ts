/** Inspections of the data plane as the control plane opens and reads them. */
import type { Principal } from '../model/principal.ts';

export interface LiveInspection {
  readonly id: string;
  readonly target: { readonly kind: 'server' | 'namespace' | 'endpoint'; readonly name: string };
  readonly path: string;
  readonly principal: Principal;
  /** Principal id of who opened it. */
  readonly openedBy: string;
  readonly token: string;
  readonly expiresAtMs: number;
}

export interface LiveInspections {
  /** Throws `limit.overloaded`. */
  open(target: LiveInspection['target'], principal: Principal, openedBy: string): LiveInspection;
  list(): readonly LiveInspection[];
  messages(id: string, after: number): readonly { readonly sequence: number; readonly atMs: number; readonly direction: 'sent' | 'received'; readonly server: string; readonly text: string; readonly isCut: boolean }[];
  close(id: string): void;
}
