import type { AnswerOf } from '../../api/operations.ts';

export type Key = AnswerOf<'GET /api/v1/keys'>['items'][number];
