// The assistants of the account: who can be mentioned, what they know and may use.
import { ActionIcon, Badge, Button, Group, Menu, Stack, Table, Text } from '@mantine/core';
import { IconDots, IconPlus, IconRobot } from '@tabler/icons-react';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import type { AssistantView } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { formatAgo } from '../app/format';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { AssistantDialog } from './AssistantDialog';
import { Templates, type Template } from './Templates';

export function AssistantList() {
  const { data, error, isPending } = useCall('listAssistants', {});
  const remove = useChange('deleteAssistant', { reads: ['listAssistants'], done: 'The assistant is deleted' });
  const [edited, setEdited] = useState<AssistantView | 'new' | null>(null);
  const [template, setTemplate] = useState<Template | null>(null);
  const close = () => {
    setEdited(null);
    setTemplate(null);
  };
  const begin = (chosen: Template) => {
    setTemplate(chosen);
    setEdited('new');
  };
  const { ask, dialog } = useConfirm();
  const drop = async (item: AssistantView) => {
    const text = 'It answers nobody any more. What it said stays where it was said.';
    if (await ask({ title: `Delete ${item.title}?`, text, yes: 'Delete' })) remove.mutate({ id: item.id });
  };
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setEdited('new')}>
      Make an assistant
    </Button>
  );
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  return (
    <Stack>
      {dialog}
      {edited !== null && <AssistantDialog known={edited === 'new' ? null : edited} template={template} onClose={close} />}
      {data.items.length === 0 ? (
        <Surface>
          <Empty icon={<IconRobot size={28} />} title="No assistant yet" action={add}>
            Give one a name, instructions and the channels or folders that it knows. People then mention it in the chat, like the copilot.
          </Empty>
        </Surface>
      ) : (
        <Surface title="Assistants" aside={add}>
          <Table.ScrollContainer minWidth={560}>
            <Table verticalSpacing={8}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Name</Table.Th>
                  <Table.Th>Knows</Table.Th>
                  <Table.Th>May use</Table.Th>
                  <Table.Th>Changed</Table.Th>
                  <Table.Th aria-label="Actions" />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.items.map((item) => (
                  <Table.Tr key={item.id}>
                    <Table.Td>
                      <Stack gap={0}>
                        <Group gap={6}>
                          <Text size="sm" fw={600}>
                            {item.title}
                          </Text>
                          {!item.enabled && (
                            <Badge size="sm" variant="light" color="gray" tt="none">
                              off
                            </Badge>
                          )}
                        </Group>
                        <Text size="xs" c="dimmed">
                          @{item.name}
                        </Text>
                      </Stack>
                    </Table.Td>
                    <Table.Td>
                      <Text size="sm">{item.knowledge.length > 0 ? item.knowledge.join(', ') : 'what the asker may read'}</Text>
                    </Table.Td>
                    <Table.Td>
                      <Text size="sm">{item.tools.length > 0 ? item.tools.join(', ') : 'no actions'}</Text>
                    </Table.Td>
                    <Table.Td>
                      <Text size="sm">{formatAgo(item.updated_us)}</Text>
                    </Table.Td>
                    <Table.Td ta="right">
                      <Menu position="bottom-end">
                        <Menu.Target>
                          <ActionIcon variant="subtle" aria-label={`Actions of ${item.title}`}>
                            <IconDots size={18} />
                          </ActionIcon>
                        </Menu.Target>
                        <Menu.Dropdown>
                          <Menu.Item onClick={() => setEdited(item)}>Edit</Menu.Item>
                          <Menu.Item color="red" onClick={() => void drop(item)}>
                            Delete
                          </Menu.Item>
                        </Menu.Dropdown>
                      </Menu>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Surface>
      )}
      <Templates choose={begin} />
    </Stack>
  );
}
