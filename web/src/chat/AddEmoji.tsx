// Adding an emoji of one's own: a small picture and its name.
import { Button, FileInput, Stack, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';

import { tell, tellFailure } from '../app/parts';
import { t } from '../i18n/text';
import { useAddEmoji } from './ownEmoji';

export function AddEmoji({ close }: { close: () => void }) {
  const add = useAddEmoji();
  const [name, setName] = useState('');
  const [file, setFile] = useState<File | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (file === null) return;
    add(name, file).then(() => {
      tell(t('emojiAdded', { name }));
      close();
    }, tellFailure);
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <FileInput size="xs" label={t('picture')} description={t('emojiPictureAbout')} accept="image/png,image/jpeg,image/gif,image/webp" value={file} onChange={setFile} required />
        <TextInput size="xs" label={t('name')} value={name} onChange={(event) => setName(event.currentTarget.value)} pattern="[a-z0-9_+'\-]+" required />
        <Button type="submit" size="xs" disabled={file === null || name === ''}>
          {t('addEmoji')}
        </Button>
      </Stack>
    </form>
  );
}
