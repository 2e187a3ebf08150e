// Marks the words that were searched for where they stand, without a change to the page's elements.
import { useEffect, type RefObject } from 'react';

const NAME = 'found'; // as in chat.module.css
const MAX_MARKS = 500;

// The words of a search, without its operators and without what must not be there.
export function wordsOf(query: string): string[] {
  const words = query.match(/-?"[^"]*"|\S+/g) ?? [];
  return words.filter((word) => !word.startsWith('-') && !/^[a-z]+:\S/i.test(word)).map((word) => word.replaceAll('"', '').toLowerCase()).filter(Boolean);
}

function rangesOf(box: HTMLElement, words: string[]): Range[] {
  const found: Range[] = [];
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null && found.length < MAX_MARKS; node = walker.nextNode()) {
    const text = (node.textContent ?? '').toLowerCase();
    for (const word of words) {
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
        if (at + word.length > (node.textContent ?? '').length) break; // a few capitals are longer when small
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        found.push(range);
      }
    }
  }
  return found;
}

export function useMarks(box: RefObject<HTMLElement | null>, query: string): void {
  useEffect(() => {
    const element = box.current;
    if (element === null || !('highlights' in CSS)) return undefined;
    const words = wordsOf(query);
    const mark = () => void CSS.highlights.set(NAME, new Highlight(...rangesOf(element, words)));
    const observer = new MutationObserver(mark);
    observer.observe(element, { childList: true, subtree: true, characterData: true });
    mark();
    return () => {
      observer.disconnect();
      CSS.highlights.delete(NAME);
    };
  }, [box, query]);
}
