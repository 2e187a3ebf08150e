// The text of a document: CodeMirror on a shared Yjs text, with the cursors of those who are here.
import { defaultKeymap, indentWithTab } from '@codemirror/commands';
import { markdown } from '@codemirror/lang-markdown';
import { defaultHighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, keymap, placeholder } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { t } from '../i18n/text';

const LOOK = EditorView.theme({
  '&': { fontSize: '15px', backgroundColor: 'transparent', color: 'var(--mantine-color-text)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-content': { fontFamily: 'var(--mantine-font-family)', lineHeight: '1.65', padding: '16px 4px', minHeight: '50vh', caretColor: 'var(--mantine-color-text)' },
  // Marks and headings in the page's own colour, which is readable in the dark; weights stay.
  '.cm-line > span:not([class*="cm-y"])': { color: 'inherit', textDecoration: 'none' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
});

interface Props {
  text: Y.Text;
  awareness: Awareness;
  canEdit: boolean;
  onSelect: (selected: string) => void;
}

export function Editor({ text, awareness, canEdit, onSelect }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const editable = useRef(new Compartment());
  const tell = useRef(onSelect);
  tell.current = onSelect;
  useEffect(() => {
    const undo = new Y.UndoManager(text);
    const state = EditorState.create({
      doc: text.toString(),
      extensions: [
        keymap.of([...yUndoManagerKeymap, ...defaultKeymap, indentWithTab]),
        markdown(),
        syntaxHighlighting(defaultHighlightStyle),
        drawSelection(),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': t('documentText') }),
        placeholder(t('writeHere')),
        LOOK,
        editable.current.of([]),
        yCollab(text, awareness, { undoManager: undo }),
        EditorView.updateListener.of((update) => {
          const { from, to } = update.state.selection.main;
          if (update.selectionSet) tell.current(update.state.sliceDoc(from, Math.min(to, from + 300)));
        }),
      ],
    });
    const made = new EditorView({ state, parent: box.current! });
    view.current = made;
    return () => {
      made.destroy();
      undo.destroy();
    };
  }, [text, awareness]);
  useEffect(() => {
    const extensions = canEdit ? [] : [EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({ tabindex: '0' })];
    view.current?.dispatch({ effects: editable.current.reconfigure(extensions) });
  }, [canEdit, text, awareness]);
  return <div ref={box} />;
}
