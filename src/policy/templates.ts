/** Templates: rules that many need, as functions from parameters. To add one: a row in TEMPLATES. */
import { z } from 'zod';
import { RISKS } from '../model/policy.ts';
import { BoundSchema, GlobsSchema, type PolicyRuleConfig, type PolicyRuleInput, PolicyRuleSchema, TimeSchema, WhoSchema } from '../model/policy-config.ts';

interface Template<Parameters extends z.ZodType> {
  readonly name: string;
  /** For whoever chooses one. */
  readonly description: string;
  readonly parameters: Parameters;
  readonly rules: (parameters: z.infer<Parameters>) => readonly PolicyRuleInput[];
}

/** A template whose parameters are not looked into. */
export interface TemplateDescription {
  readonly name: string;
  readonly description: string;
  /** JSON Schema (2020-12) of `with`. */
  readonly parameters: object;
}

const target = { servers: GlobsSchema.optional(), names: GlobsSchema.optional() };

const readOnlyAgent = define({
  name: 'read-only-agent',
  description: 'Whoever is named may only use what an operator labelled read-only.',
  parameters: z.strictObject({ who: WhoSchema }),
  rules: ({ who }) => [{ name: 'only-reads', effect: 'deny', who, what: { risks: ['write', 'destructive'] }, reason: 'This agent only reads.' }],
});

const businessHours = define({
  name: 'business-hours',
  description: 'Outside of these days and hours nothing is allowed, to those named or to everybody.',
  parameters: z.strictObject({ who: WhoSchema.optional(), hours: TimeSchema, risks: z.array(z.enum(RISKS)).min(1).optional(), ...target }),
  rules: ({ who, hours, risks, servers, names }) => [
    { name: 'outside-hours', effect: 'deny', who, what: { risks, servers, names }, time: { ...hours, not: !hours.not }, reason: 'Outside of business hours.' },
  ],
});

const toolsPerAgent = define({
  name: 'tools-per-agent',
  description: 'Each agent has its own set of tools. Everything that is not listed is closed.',
  parameters: z.strictObject({
    agents: z
      .array(z.strictObject({ who: WhoSchema, ...target }))
      .min(1)
      .max(1_000),
  }),
  rules: ({ agents }) => agents.map(({ who, servers, names }, index) => ({ name: `agent-${index}`, effect: 'allow', who, what: { servers, names } })),
});

const argumentBounds = define({
  name: 'argument-bounds',
  description: 'Calls whose arguments leave these bounds are denied. A bound on an optional argument counts only where the argument is given.',
  parameters: z.strictObject({
    who: WhoSchema.optional(),
    ...target,
    bounds: z.array(BoundSchema).min(1).max(100),
    required: z.boolean().default(false).describe('true: the arguments must be given.'),
  }),
  rules: ({ who, servers, names, bounds, required }) =>
    bounds.map((bound, index) => ({
      name: `bound-${index}`,
      effect: 'deny',
      who,
      what: { servers, names },
      arguments: [{ ...bound, not: !bound.not }, ...(required ? [] : [{ at: bound.at, present: true }])],
      reason: `The argument ${bound.at} is out of bounds.`,
    })),
});

const approveDestructive = define({
  name: 'approve-destructive',
  description: 'A person approves each call of a tool with one of these labels; tools without a label count as destructive.',
  parameters: z.strictObject({ who: WhoSchema.optional(), risks: z.array(z.enum(RISKS)).min(1).default(['destructive']), ...target }),
  rules: ({ who, risks, servers, names }) => [
    { name: 'ask-first', effect: 'approve', who, what: { risks, servers, names, primitives: ['tool'] }, reason: 'A person approves this first.' },
  ],
});

const TEMPLATES = [readOnlyAgent, businessHours, toolsPerAgent, argumentBounds, approveDestructive] as const;

/** Every template as data, for a UI or a document. */
export function describeTemplates(): TemplateDescription[] {
  return TEMPLATES.map(({ name, description, schema }) => ({ name, description, parameters: schema() }));
}

/** The rules of a template, or what is wrong with its name or parameters. */
export function expandTemplate(name: string, parameters: unknown): readonly PolicyRuleConfig[] | string {
  const template = TEMPLATES.find((candidate) => candidate.name === name);
  if (template === undefined) return `expected the name of a template: ${TEMPLATES.map((known) => known.name).join(', ')}`;
  return template.expand(parameters);
}

interface Defined {
  readonly name: string;
  readonly description: string;
  readonly schema: () => object;
  readonly expand: (parameters: unknown) => readonly PolicyRuleConfig[] | string;
}

function define<Parameters extends z.ZodType>(template: Template<Parameters>): Defined {
  const { name, description, parameters, rules } = template;
  return {
    name,
    description,
    schema: () => z.toJSONSchema(parameters, { io: 'input' }),
    expand: (given) => {
      const parsed = parameters.safeParse(given);
      if (!parsed.success)
        return `the parameters of ${name} do not fit: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'with'}: ${issue.message}`).join('; ')}`;
      return rules(parsed.data).map((rule) => PolicyRuleSchema.parse(withoutUndefined(rule)));
    },
  };
}

/** Optional members that were left out, left out. */
function withoutUndefined(rule: PolicyRuleInput): unknown {
  return JSON.parse(JSON.stringify(rule));
}
