/** Who looks at the pages, and what they may do. */
import type { Permission } from '../../src/contract/operation.ts';
import type { AnswerOf } from './operations.ts';
import { useRead } from './queries.ts';

export type { Permission };
export type Me = AnswerOf<'GET /api/v1/me'>;

export function useMe(): Me | undefined {
  return useRead('GET /api/v1/me').data;
}

/** Whether whoever looks may do such things at all; single objects may still be out of reach. */
export function useMay(permission: Permission): boolean {
  return useMe()?.permissions.includes(permission) === true;
}
