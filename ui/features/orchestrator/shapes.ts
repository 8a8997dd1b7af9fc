/** What the admin API answers of templates and of the registry. */
import type { AnswerOf } from '../../api/operations.ts';

export type Templates = AnswerOf<'GET /api/v1/templates'>;
export type Template = Templates['items'][number];
export type Registry = AnswerOf<'GET /api/v1/registry'>;
export type RegistryEntry = Registry['items'][number];
