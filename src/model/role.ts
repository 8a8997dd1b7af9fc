/** What a user is here. What each may do stands in contract/roles.ts. */
export const ROLES = ['operator', 'admin', 'member', 'auditor'] as const;

export type Role = (typeof ROLES)[number];
