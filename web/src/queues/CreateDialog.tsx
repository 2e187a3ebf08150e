// A new queue or topic: a name, and whether messages keep their order.
import { Switch, TextInput } from '@mantine/core';
import { useState } from 'react';

import { useAwsChange } from '../api/aws';
import { FormDialog } from '../app/FormDialog';
import { t } from '../i18n/text';

const ORDERED = '.fifo';
const NAME = /^[\w-]{1,75}$/;

export function CreateDialog({ kind, close }: { kind: 'queue' | 'topic'; close: () => void }) {
  const [name, setName] = useState('');
  const [ordered, setOrdered] = useState(false);
  const make = useAwsChange({ done: t(kind === 'queue' ? 'queueCreated' : 'topicCreated', { name }) });
  const wrong = name !== '' && !NAME.test(name);
  const submit = () => {
    if (!NAME.test(name)) return;
    const Attributes = ordered ? { FifoQueue: 'true', ContentBasedDeduplication: 'true' } : {};
    const forTopic = ordered ? { FifoTopic: 'true', ContentBasedDeduplication: 'true' } : {};
    const full = ordered ? name + ORDERED : name;
    const change =
      kind === 'queue'
        ? { service: 'sqs', operation: 'CreateQueue', input: { QueueName: full, Attributes } }
        : { service: 'sns', operation: 'CreateTopic', input: { Name: full, Attributes: forTopic } };
    make.mutate(change, { onSuccess: close });
  };
  return (
    <FormDialog title={t(kind === 'queue' ? 'createQueue' : 'createTopic')} yes={t('create')} busy={make.isPending} submit={submit} onClose={close}>
      <TextInput label={t('name')} required data-autofocus autoComplete="off" placeholder="orders-new" value={name} onChange={(event) => setName(event.currentTarget.value)} error={wrong && t('queueNameRule')} />
      <Switch label={t('keepOrder')} description={t('keepOrderAbout')} checked={ordered} onChange={(event) => setOrdered(event.currentTarget.checked)} />
    </FormDialog>
  );
}
