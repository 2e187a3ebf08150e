// A block of code in colours: the language is named or guessed; the words are coloured by a library that is
// loaded when the first code is shown.
import { ActionIcon, Tooltip } from '@mantine/core';
import { IconCopy } from '@tabler/icons-react';
import { useEffect, useState } from 'react';

import { tell, tellFailure } from '../app/parts';
import { t } from '../i18n/text';
import classes from './chat.module.css';

const MAX_COLOURED = 20_000;

interface Token {
  text: string;
  kind: string;
}

export function Code({ text, language = '' }: { text: string; language?: string }) {
  const [tokens, setTokens] = useState<Token[] | null>(null);
  useEffect(() => {
    let isShown = true;
    if (text.length > MAX_COLOURED) return undefined;
    import('./highlight').then(({ highlight }) => isShown && setTokens(highlight(text, language))).catch(() => undefined);
    return () => {
      isShown = false;
    };
  }, [text, language]);
  const copy = () => {
    navigator.clipboard.writeText(text).then(() => tell(t('codeCopied')), tellFailure);
  };
  return (
    <div className={classes.codeFrame}>
      <pre className={classes.pre} tabIndex={0}>
        <code>{tokens === null ? text : tokens.map(({ text: piece, kind }, index) => (kind ? <span key={index} className={classes[`hl-${kind}`]}>{piece}</span> : piece))}</code>
      </pre>
      {window.isSecureContext && (
        <Tooltip label={t('copyCode')}>
          <ActionIcon variant="default" size="sm" className={classes.codeCopy} onClick={copy} aria-label={t('copyCode')}>
            <IconCopy size={13} />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  );
}
