// Pages that are loaded when they are first wanted. A connection that breaks meanwhile is not the
// end: the file is asked for again.
import { lazy, type ComponentType } from 'react';

const ATTEMPTS = 4;
const PAUSE_MS = 500;

export function page<P>(load: () => Promise<{ default: ComponentType<P> }>) {
  return lazy(() => untilLoaded(load, ATTEMPTS));
}

async function untilLoaded<T>(load: () => Promise<T>, attempts: number): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (attempts <= 1) throw error;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return untilLoaded(load, attempts - 1);
  }
}
