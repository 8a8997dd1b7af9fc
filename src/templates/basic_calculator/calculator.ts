/** Arithmetic on two numbers. */
import { objectSchema, READ_ONLY, type Tool, ToolRefusal } from '../../serving/tool.ts';
import type { CreateTools } from '../template-tools.ts';

const OPERATIONS: Readonly<Record<string, { readonly title: string; readonly description: string; readonly apply: (a: number, b: number) => number }>> = {
  add: { title: 'Add', description: 'a plus b.', apply: (a, b) => a + b },
  subtract: { title: 'Subtract', description: 'a minus b.', apply: (a, b) => a - b },
  multiply: { title: 'Multiply', description: 'a times b.', apply: (a, b) => a * b },
  divide: {
    title: 'Divide',
    description: 'a divided by b, which must not be 0.',
    apply: (a, b) => {
      if (b === 0) throw new ToolRefusal('Division by zero: b must not be 0');
      return a / b;
    },
  },
};

export const createTools: CreateTools = () =>
  Object.entries(OPERATIONS).map(
    ([name, { title, description, apply }]): Tool => ({
      name,
      title,
      description,
      inputSchema: objectSchema({ a: { type: 'number' }, b: { type: 'number' } }),
      outputSchema: objectSchema({ result: { type: 'number' } }),
      annotations: READ_ONLY,
      run: ({ a, b }) => {
        const result = apply(Number(a), Number(b));
        if (!Number.isFinite(result)) throw new ToolRefusal('The result is too large for a number');
        return { result };
      },
    }),
  );
