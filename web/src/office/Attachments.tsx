// Files of an approval: uploaded to the chat as they are chosen, kept in the answer as their ids.
import { FileInput, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';

import { slack } from '../api/client';
import { tellFailure } from '../app/parts';
import { FileCard } from '../chat/FileCard';
import { uploadFiles } from '../chat/Files';
import type { SharedFile } from '../chat/types';
import { t } from '../i18n/text';

const AGAIN_MS = 3000;

const idsOf = (value: string) => value.split(',').map((id) => id.trim()).filter(Boolean);

interface InputProps {
  label: string;
  required?: boolean;
  error?: ReactNode;
  value: string;
  onChange: (value: string) => void;
}

export function AttachmentInput({ value, onChange, ...shared }: InputProps) {
  const [isBusy, setBusy] = useState(false);
  const take = async (files: File[]) => {
    setBusy(true);
    try {
      const uploaded = await uploadFiles(files);
      onChange([...idsOf(value), ...uploaded.map((file) => file.id)].join(','));
    } catch (error) {
      tellFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Stack gap="xs">
      <FileInput {...shared} multiple clearable={false} value={[]} disabled={isBusy} placeholder={isBusy ? t('uploading') : t('chooseFiles')} onChange={(files) => files.length > 0 && void take(files)} />
      <Attachments value={value} />
    </Stack>
  );
}

export function Attachments({ value }: { value: string }) {
  return idsOf(value).map((id) => <Attachment key={id} id={id} />);
}

// Who decides may read a file once their card is posted, a moment after it became their turn.
function Attachment({ id }: { id: string }) {
  const found = useQuery({
    queryKey: ['chat', 'info-of-file', id],
    queryFn: () => slack<{ file: SharedFile }>('files.info', { file: id }),
    refetchInterval: (query) => (query.state.status === 'error' ? AGAIN_MS : false),
  });
  return found.data ? <FileCard file={found.data.file} /> : null;
}
