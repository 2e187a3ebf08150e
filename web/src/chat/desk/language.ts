// The reader's language, kept with the other settings of the workplace, so that every device speaks it.
import { useEffect } from 'react';
import { useLocation } from 'react-router';

import { setLanguage } from '../../i18n/text';
import { useDesk, useSetPreferences } from './desk';

// Reading a desk makes a person one of the workplace: only its own pages do.
const WORKPLACE = /^\/(chat|archives|calendar|docs|office|assistants)(\/|$)/;

// Speaks the language that was kept, and keeps one that is chosen.
export function useKeptLanguage(): { choose: (code: string) => void } {
  const { language } = useDesk({ enabled: WORKPLACE.test(useLocation().pathname) }).preferences;
  const set = useSetPreferences();
  useEffect(() => setLanguage(language), [language]);
  const choose = (code: string) => {
    void set({ language: code });
    setLanguage(code);
  };
  return { choose };
}
