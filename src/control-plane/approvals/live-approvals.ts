/** What the control plane needs of approvals beside the stored ones. It declares it here; `gateway.ts` fills it in. */
export interface LiveApprovals {
  /** Something was decided: calls that wait look again. */
  changed(): void;
  /** The mark once it is not `mark` any more, at the latest after `timeoutMs`. */
  whenChanged(mark: string, timeoutMs: number): Promise<string>;
}
