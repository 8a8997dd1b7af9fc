/** Servers that the gateway brings along: how each is configured, and what it is compiled to. */
import { z } from 'zod';
import type { ParameterValues, Template } from './template.ts';

const pattern = z.string().min(1).max(200);

/** Which operations of an OpenAPI document become tools. `*` stands for any characters in names and paths. */
export const OperationFilterSchema = z
  .strictObject({
    include: z.array(pattern).max(500).default(['*']).describe('Operations by id, or by method and path such as "GET /pets/*".'),
    exclude: z.array(pattern).max(500).default([]),
    tags: z.array(pattern).max(100).default([]).describe('Only operations with one of these tags; none: all.'),
    readOnly: z.boolean().default(false).describe('Only GET and HEAD.'),
  });
export type OperationFilter = z.infer<typeof OperationFilterSchema>;

/** What OpenAPI answers look like to a client. */
export const ResponseShapeSchema = z
  .strictObject({
    outputSchemas: z.boolean().default(true).describe('Tools say what they answer, as far as the document does. Turn it off for a service whose answers have other types than its document says.'),
    fields: z.array(pattern).max(200).default([]).describe('Top-level fields of answers to keep; none: all.'),
    textCharsMax: z.int().min(100).max(10_000_000).default(200_000).describe('Answers that are no JSON are cut here.'),
    pagesMax: z.int().min(1).max(50).default(1).describe('Pages that one call follows (Link: rel="next").'),
  });
export type ResponseShape = z.infer<typeof ResponseShapeSchema>;

export interface TemplateServer {
  readonly kind: 'template';
  readonly template: Template;
  /** Texts may still hold `${…}`. */
  readonly parameters: ParameterValues;
}

export interface OpenApiServer {
  readonly kind: 'openapi';
  /** Absolute path, or an http or https address. */
  readonly document: string;
  readonly operations: OperationFilter;
  readonly response: ResponseShape;
}

export interface OrchestratorServer {
  readonly kind: 'orchestrator';
}

/** Stored workflows as tools. */
export interface WorkflowsServer {
  readonly kind: 'workflows';
}

export type BuiltinServer = TemplateServer | OpenApiServer | OrchestratorServer | WorkflowsServer;
