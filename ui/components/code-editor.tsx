/**
 * CodeMirror in a shadow root: there it takes its styles from constructed sheets, which the content policy allows; in the
 * document it would write a style element, which the policy refuses.
 */
import { autocompletion, type CompletionSource } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json, jsonParseLinter } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, defaultHighlightStyle, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { linter, lintGutter } from '@codemirror/lint';
import { Compartment, EditorState, Transaction } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useEffectEvent, useRef, useState } from 'react';

export type EditorLanguage = 'json' | 'yaml' | 'text';

export interface CodeEditorProps {
  readonly label: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly language?: EditorLanguage;
  readonly isReadOnly?: boolean;
  readonly complete?: CompletionSource;
}

const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: tags.string, color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--warn)' },
  { tag: tags.comment, color: 'var(--soft)' },
  { tag: tags.invalid, color: 'var(--bad)' },
]);

const theme = EditorView.theme({
  '&': { backgroundColor: 'var(--surface)', color: 'var(--ink)', fontSize: '13px', borderRadius: '6px', border: '1px solid color-mix(in oklab, var(--line-strong) 60%, transparent)', maxHeight: '60vh' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-1px' },
  '.cm-scroller': { fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace', minHeight: '12rem', overflow: 'auto' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--soft)', border: 'none' },
  '.cm-activeLineGutter': { backgroundColor: 'transparent' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': { backgroundColor: 'var(--accent-wash) !important' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', border: '1px solid var(--line)', color: 'var(--ink)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--accent-ink)' },
});

const LANGUAGES = {
  json: () => [json(), linter(jsonParseLinter()), lintGutter()],
  yaml: () => [yaml()],
  text: () => [],
} as const;

/**
 * Text typed over a selection. Chromium would give the new text the looks of what it replaces as a style attribute, which
 * the content policy refuses with a complaint; so the editor puts the text in itself. It asks the browser what is selected:
 * the editor is told of a new selection only later, and the range of the event is empty within a shadow root.
 */
const typedOverSelection = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const root = view.root as DocumentOrShadowRoot & Partial<Pick<Document, 'getSelection'>>;
    const selected = root.getSelection === undefined ? document.getSelection() : root.getSelection();
    if (event.inputType !== 'insertText' || event.data === null || event.isComposing || view.composing || view.state.readOnly) return false;
    if (selected?.rangeCount !== 1 || selected.isCollapsed) return false;
    const { startContainer, startOffset, endContainer, endOffset } = selected.getRangeAt(0);
    if (!view.contentDOM.contains(startContainer) || !view.contentDOM.contains(endContainer)) return false;
    const changes = { from: view.posAtDOM(startContainer, startOffset), to: view.posAtDOM(endContainer, endOffset), insert: event.data };
    view.dispatch({ changes, selection: { anchor: changes.from + event.data.length }, userEvent: 'input.type', scrollIntoView: true });
    return true;
  },
});

export function CodeEditor({ label, value, set, language = 'json', isReadOnly = false, complete }: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const [lock] = useState(() => new Compartment());
  const changed = useEffectEvent(set);
  useEffect(() => {
    if (host.current === null) return undefined;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' });
    const state = EditorState.create({
      extensions: [
        lineNumbers(),
        history(),
        indentOnInput(),
        bracketMatching(),
        syntaxHighlighting(highlight),
        syntaxHighlighting(defaultHighlightStyle, { fallback: true }),
        keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
        theme,
        typedOverSelection,
        lock.of([]),
        ...LANGUAGES[language](),
        autocompletion(complete === undefined ? {} : { override: [complete] }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && update.state.doc.toString() !== update.startState.doc.toString()) changed(update.state.doc.toString());
        }),
      ],
    });
    const editor = new EditorView({ state, parent: root, root });
    view.current = editor;
    return () => editor.destroy();
  }, [language, label, complete, lock]);
  // The editor is made once; text and lock follow.
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value }, annotations: Transaction.addToHistory.of(false) });
  }, [value, language, label, complete]);
  useEffect(() => {
    view.current?.dispatch({ effects: lock.reconfigure(EditorState.readOnly.of(isReadOnly)) });
  }, [isReadOnly, language, label, complete, lock]);
  return <div ref={host} />;
}
