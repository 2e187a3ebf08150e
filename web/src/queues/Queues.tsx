// Queues and topics: how much waits in each queue now and a moment ago, and who hears a topic.
import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';

import { Page } from '../app/parts';
import { t } from '../i18n/text';
import { CreateDialog } from './CreateDialog';
import { QueueList } from './QueueList';
import { TopicList } from './TopicList';

export default function Queues() {
  const [making, setMaking] = useState<'queue' | 'topic' | null>(null);
  const plus = <IconPlus size={16} />;
  const createQueue = (
    <Button leftSection={plus} onClick={() => setMaking('queue')}>
      {t('createQueue')}
    </Button>
  );
  const createTopic = (
    <Button variant="default" leftSection={plus} onClick={() => setMaking('topic')}>
      {t('createTopic')}
    </Button>
  );
  return (
    <Page
      title={t('placeQueues')}
      about={t('queuesAbout')}
      actions={
        <>
          {createTopic}
          {createQueue}
        </>
      }
    >
      {making && <CreateDialog kind={making} close={() => setMaking(null)} />}
      <QueueList create={createQueue} />
      <TopicList />
    </Page>
  );
}
