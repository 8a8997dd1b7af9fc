/** Tables of approvals and budgets, as the statements see them. */

export interface ApprovalTable {
  readonly id: string;
  readonly state: string;
  readonly open_binding: string | null;
  readonly principal: string;
  readonly principal_kind: string;
  readonly principal_name: string;
  readonly credential: string;
  readonly endpoint: string;
  readonly namespace: string;
  readonly server: string;
  readonly method: string;
  readonly name: string;
  readonly arguments_digest: string;
  readonly arguments: string;
  readonly rule: string;
  readonly reason: string | null;
  readonly terms: string;
  readonly requested_at_ms: number;
  readonly expires_at_ms: number;
  readonly decided_at_ms: number | null;
  readonly decided_by: string | null;
  readonly note: string | null;
  readonly used_at_ms: number | null;
  readonly changed_at_ms: number;
}

export interface BudgetUseTable {
  readonly counter: string;
  readonly period_ms: number;
  readonly amount: number;
}

export interface GovernanceTables {
  readonly approval: ApprovalTable;
  readonly budget_use: BudgetUseTable;
}
