import type { AnswerOf } from '../../api/operations.ts';

export type Stats = AnswerOf<'GET /api/v1/stats'>;
