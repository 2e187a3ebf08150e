// Beginnings of assistants: choosing one opens the form with its fields filled in.
import { Badge, Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { rest } from '../api/client';
import { Failed, Surface } from '../app/parts';
import { fromServer } from '../i18n/server';
import { t } from '../i18n/text';

export interface Template {
  id: string;
  name: string;
  title: string;
  about: string;
  instructions: string;
  tools: string[];
  knowledge_hint: string;
  example: string;
  needs_model: boolean;
}

export function Templates({ choose }: { choose: (template: Template) => void }) {
  const found = useQuery({ queryKey: ['assistants', 'templates'], queryFn: () => rest.get<{ items: Template[] }>('/assistants/templates'), staleTime: Infinity });
  if (found.isError) return <Failed error={found.error} retry={() => void found.refetch()} />;
  return (
    <Surface title={t('templates')}>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        {(found.data?.items ?? []).map(inReadersLanguage).map((item) => (
          <Stack key={item.id} gap={6} p="sm" style={{ border: '1px solid var(--mantine-color-default-border)', borderRadius: 8 }} component="article" aria-label={item.title}>
            <Group justify="space-between" wrap="nowrap">
              <Text fw={600}>{item.title}</Text>
              {item.needs_model && (
                <Badge size="sm" variant="light" color="gray" tt="none">
                  {t('needsModel')}
                </Badge>
              )}
            </Group>
            <Text size="sm" c="dimmed" style={{ flex: 1 }}>
              {item.about}
            </Text>
            <Text size="xs" c="dimmed" lineClamp={2}>
              {item.example}
            </Text>
            <Group>
              <Button size="compact-sm" variant="light" onClick={() => choose(item)}>
                {t('useThis')}
              </Button>
            </Group>
          </Stack>
        ))}
      </SimpleGrid>
    </Surface>
  );
}

function inReadersLanguage(item: Template): Template {
  const { title, about, instructions, knowledge_hint, example } = item;
  return {
    ...item,
    title: fromServer(title),
    about: fromServer(about),
    instructions: fromServer(instructions),
    knowledge_hint: fromServer(knowledge_hint),
    example: fromServer(example),
  };
}
