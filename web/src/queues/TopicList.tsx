// The topics of the account, and who hears each.
import { ActionIcon, Group, Stack, Text } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';

import { useAws, useAwsChange } from '../api/aws';
import { useConfirm } from '../app/confirm';
import { Copy, Failed, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';

interface Subscription {
  SubscriptionArn: string;
  TopicArn: string;
  Protocol: string;
  Endpoint: string;
}

export function TopicList() {
  const topics = useAws<{ Topics?: { TopicArn: string }[] }>('sns', 'ListTopics');
  const subscriptions = useAws<{ Subscriptions?: Subscription[] }>('sns', 'ListSubscriptions');
  const items = topics.data?.Topics ?? [];
  return (
    <Surface title={t('topics')}>
      {topics.isPending && <Waiting />}
      {topics.error !== null && <Failed error={topics.error} retry={() => void topics.refetch()} />}
      {topics.data && items.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('noTopicYet')}
        </Text>
      )}
      <Stack gap="xs">
        {items.map(({ TopicArn }) => (
          <TopicRow key={TopicArn} arn={TopicArn} heardBy={(subscriptions.data?.Subscriptions ?? []).filter((each) => each.TopicArn === TopicArn)} />
        ))}
      </Stack>
    </Surface>
  );
}

function TopicRow({ arn, heardBy }: { arn: string; heardBy: Subscription[] }) {
  const name = arn.split(':').pop() ?? arn;
  const { ask, dialog } = useConfirm();
  const remove = useAwsChange({ done: t('topicDeleted', { name }) });
  const erase = async () => {
    const text = t('deleteTopicAbout');
    if (await ask({ title: t('deleteNameAsk', { name }), text, yes: t('delete') })) remove.mutate({ service: 'sns', operation: 'DeleteTopic', input: { TopicArn: arn } });
  };
  return (
    <Group className="well" p="sm" justify="space-between" wrap="nowrap" data-topic={name}>
      {dialog}
      <div>
        <Group gap={6} wrap="nowrap">
          <Text size="sm" fw={600} className="wrap-anywhere">
            {name}
          </Text>
          <Copy value={arn} label={t('copyAddress')} />
        </Group>
        {heardBy.length === 0 && (
          <Text size="xs" c="dimmed">
            {t('noSubscription')}
          </Text>
        )}
        {heardBy.map(({ SubscriptionArn, Protocol, Endpoint }) => (
          <Text key={`${SubscriptionArn} ${Endpoint}`} size="xs" c="dimmed" className="wrap-anywhere">
            {Protocol} → {Endpoint}
          </Text>
        ))}
      </div>
      <ActionIcon variant="subtle" color="red" onClick={() => void erase()} loading={remove.isPending} aria-label={t('deleteNamed', { title: name })}>
        <IconTrash size={16} />
      </ActionIcon>
    </Group>
  );
}
