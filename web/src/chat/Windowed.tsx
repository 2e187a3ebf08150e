// A long list in blocks: only those near the view are drawn, the others keep the height that they had, so that
// ten thousand messages scroll like fifty.
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react';

const GUESSED_PX = 60; // height of a message that was never drawn
const MARGIN = '1200px 0px'; // how far around the view is drawn

interface Props {
  count: number; // messages in the block
  isPinned: boolean; // drawn wherever it is: the newest, and what a link leads to
  children: () => ReactNode;
}

export function Windowed({ count, isPinned, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const height = useRef(0);
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    const element = box.current!;
    const watch = new IntersectionObserver(
      ([entry]) => {
        if (entry === undefined) return;
        // Its height is kept before its content goes.
        if (!entry.isIntersecting && entry.boundingClientRect.height > 0) height.current = entry.boundingClientRect.height;
        setNear(entry.isIntersecting);
      },
      { root: element.closest('[role="log"]'), rootMargin: MARGIN },
    );
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const isDrawn = isNear || isPinned;
  const kept = height.current || count * GUESSED_PX;
  // What is above the view may turn out higher or lower than thought: what is read stays where it is.
  useLayoutEffect(() => {
    const element = box.current!;
    const list = element.closest('[role="log"]');
    if (!isDrawn || list === null) return;
    const { top, height: now } = element.getBoundingClientRect();
    if (top + kept <= list.getBoundingClientRect().top) list.scrollTop += now - kept;
  }, [isDrawn]);
  return (
    <div ref={box} style={isDrawn ? undefined : { height: kept }} data-drawn={isDrawn}>
      {isDrawn && children()}
    </div>
  );
}
