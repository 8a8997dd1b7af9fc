/** JSON or YAML to edit. The editor is loaded when one is first shown. */
import { lazy, type ReactNode, Suspense } from 'react';
import { ApiProblem } from '../api/problem.ts';
import type { CodeEditorProps } from './code-editor.tsx';

const CodeEditor = lazy(async () => ({ default: (await import('./code-editor.tsx')).CodeEditor }));

interface CodeFieldProps extends CodeEditorProps {
  readonly help?: ReactNode;
}

export function CodeField({ help, ...editor }: CodeFieldProps) {
  return (
    <div className="grid gap-1">
      <span className="font-medium">{editor.label}</span>
      <Suspense fallback={<div className="h-48 animate-pulse rounded-md bg-sunken" />}>
        <CodeEditor {...editor} />
      </Suspense>
      {help !== undefined && <p className="text-[0.93em] text-soft">{help}</p>}
    </div>
  );
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Undefined for what is no JSON object. */
export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** A refusal of the page's own, for a `Form`. */
export function pageProblem(title: string): ApiProblem {
  return new ApiProblem({ type: 'about:blank', title, status: 0, instance: '', code: 'page.invalid', failedAt: 'client', isRetryable: false });
}
