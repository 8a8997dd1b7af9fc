/**
 * Conditions in CEL (Common Expression Language), planned once. Their time stays near linear in the arguments: macros do
 * not nest, and where a macro or `in` walks a collection its size is capped. What is not exactly true or false throws.
 */
import { CelScalar, celEnv, isCelError, mapType, parse, plan } from '@bufbuild/cel';
import { toIso } from '../base/clock.ts';
import type { PolicyFacts } from '../model/policy.ts';
import { isObject, type JsonValue } from '../protocol/messages.ts';
import { numberOf } from './raw-number.ts';

/** Elements of the largest list or object that a condition may walk. */
const COLLECTION_MAX = 1_000;
/** Depth of the parsed expression. */
const EXPRESSION_DEPTH_MAX = 64;

const { STRING, DYN } = CelScalar;
const VARIABLES = {
  principal: mapType(STRING, DYN),
  endpoint: STRING,
  namespace: STRING,
  server: STRING,
  primitive: STRING,
  name: STRING,
  method: STRING,
  risk: STRING,
  args: mapType(STRING, DYN),
  /** RFC 3339 in UTC: `timestamp(now).getHours("Europe/Berlin")`. */
  now: STRING,
};
/** Made for the first condition: it costs a start more than all the rest of the policies. */
let environment: ReturnType<typeof celEnv<typeof VARIABLES>> | undefined;
const NAMES: ReadonlySet<string> = new Set(Object.keys(VARIABLES));

export interface Condition {
  readonly uses: readonly string[];
  /** Whether arguments or time can change it. */
  readonly isConditional: boolean;
  /** Throws where the expression fails or is no boolean. */
  readonly holds: (facts: PolicyFacts) => boolean;
}

/** The condition, or why it is none. */
export function compileCondition(text: string): Condition | string {
  try {
    const parsed = parse(text);
    const shape = shapeOf(parsed.expr);
    const unknown = [...shape.names].find((name) => !NAMES.has(name) && !shape.bound.has(name));
    if (unknown !== undefined) return `expected one of ${[...NAMES].join(', ')}, not ${unknown}`;
    if (shape.macroDepth > 1) return 'expected macros that do not nest';
    const evaluate = plan((environment ??= celEnv({ variables: VARIABLES })), parsed);
    const uses = [...shape.names].filter((name) => NAMES.has(name));
    const elementsMax = shape.isWalking ? COLLECTION_MAX : Number.POSITIVE_INFINITY;
    return {
      uses,
      isConditional: shape.names.has('args') || shape.names.has('now'),
      holds: (facts) => truthOf(evaluate(bindingsOf(facts, shape.names, elementsMax))),
    };
  } catch (thrown) {
    return `expected a condition in CEL: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}

/** An error value of CEL is an object, so truthy: only `true` is true. */
function truthOf(value: unknown): boolean {
  if (isCelError(value)) throw new Error(`the condition failed: ${value.message}`);
  if (typeof value !== 'boolean') throw new Error('the condition is neither true nor false');
  return value;
}

type Bindings = Parameters<ReturnType<typeof plan<typeof VARIABLES>>>[0];
type Dynamic = Bindings['args'];

function bindingsOf(facts: PolicyFacts, names: ReadonlySet<string>, elementsMax: number): Bindings {
  const { kind, id, name, roles = [], groups = [], client = '', labels = {} } = facts.principal;
  return {
    principal: (names.has('principal') ? { kind, id, name, roles, groups, client, labels: celValue({ ...labels }, elementsMax) } : {}) as Dynamic,
    endpoint: facts.endpoint,
    namespace: facts.namespace,
    server: facts.server,
    primitive: facts.primitive,
    name: facts.name,
    method: facts.method,
    risk: facts.risk,
    args: (names.has('args') ? celValue(facts.arguments, elementsMax) : {}) as Dynamic,
    now: names.has('now') ? toIso(facts.atMs) : '',
  };
}

/** Arguments as CEL takes them: numbers that were kept as text become doubles, members without value go. */
function celValue(value: JsonValue | undefined, elementsMax: number): unknown {
  if (Array.isArray(value)) {
    if (value.length > elementsMax) throw new Error('a list is too long for a condition');
    return value.map((item: JsonValue) => celValue(item, elementsMax));
  }
  if (!isObject(value)) return value;
  const number = numberOf(value);
  if (number !== undefined) return number;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (entries.length > elementsMax) throw new Error('an object is too large for a condition');
  return new Map(entries.map(([key, item]) => [key, celValue(item, elementsMax)]));
}

interface Shape {
  readonly names: Set<string>;
  /** Variables of macros. */
  readonly bound: Set<string>;
  macroDepth: number;
  isWalking: boolean;
}

/** What the expression refers to. The tree is walked as plain data: every node is an object of objects and lists. */
function shapeOf(expression: unknown): Shape {
  const shape: Shape = { names: new Set(), bound: new Set(), macroDepth: 0, isWalking: false };
  walk(expression, 0, 0, shape);
  return shape;
}

function walk(node: unknown, depth: number, macros: number, shape: Shape): void {
  // Three objects of the tree make one step of the expression.
  if (depth > 3 * EXPRESSION_DEPTH_MAX) throw new Error('it is nested too deeply');
  if (Array.isArray(node)) for (const item of node) walk(item, depth, macros, shape);
  if (!isObject(node)) return;
  const inner = macros + noteNode(node, macros, shape);
  for (const [key, child] of Object.entries(node)) if (typeof child === 'object' && key !== '$typeName') walk(child, depth + 1, inner, shape);
}

/** 1 where the node is a macro, else 0. */
function noteNode(node: { readonly [key: string]: unknown }, macros: number, shape: Shape): number {
  const { case: kind, value } = node;
  if (!isObject(value)) return 0;
  if (kind === 'identExpr') shape.names.add(String(value['name']));
  if (kind === 'callExpr' && value['function'] === '@in') shape.isWalking = true;
  if (kind !== 'comprehensionExpr') return 0;
  shape.isWalking = true;
  shape.macroDepth = Math.max(shape.macroDepth, macros + 1);
  for (const key of ['iterVar', 'iterVar2', 'accuVar']) shape.bound.add(String(value[key]));
  return 1;
}
