// The call of the playground as a program, for the clients people have already.
import { Box, Code, Group, Modal, Tabs, Text } from '@mantine/core';

import { Copy } from '../app/parts';
import { t } from '../i18n/text';

export function Snippet({ opened, onClose, request }: { opened: boolean; onClose: () => void; request: Record<string, unknown> }) {
  const snippets = [
    { name: 'Python', text: pythonOf(request) },
    { name: 'curl', text: curlOf(request) },
  ];
  return (
    <Modal opened={opened} onClose={onClose} title={t('sameCallAsCode')} size="lg">
      <Tabs defaultValue="Python">
        <Tabs.List mb="sm">
          {snippets.map(({ name }) => (
            <Tabs.Tab key={name} value={name}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {snippets.map(({ name, text }) => (
          <Tabs.Panel key={name} value={name}>
            <Box pos="relative">
              <Code block fz={13} style={{ maxHeight: '50vh', overflow: 'auto' }}>
                {text}
              </Code>
              <Group pos="absolute" top={6} right={6}>
                <Copy value={text} label={t('copyNamed', { label: name })} />
              </Group>
            </Box>
          </Tabs.Panel>
        ))}
      </Tabs>
      <Text size="sm" c="dimmed" mt="sm">
        {t('theKeyIsAn')}
      </Text>
    </Modal>
  );
}

function baseUrl(): string {
  return `${location.origin}/v1`;
}

function curlOf(request: Record<string, unknown>): string {
  const body = JSON.stringify({ ...request, stream: true }, null, 2).replaceAll("'", "'\\''");
  return [
    `curl -N ${baseUrl()}/chat/completions \\`,
    '  -H "Authorization: Bearer $OPENAI_API_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '${body}'`,
  ].join('\n');
}

function pythonOf(request: Record<string, unknown>): string {
  const fields = Object.entries(request).map(([name, value]) => `    ${name}=${pythonValue(value, 1)},`);
  return [
    'import os',
    '',
    'import openai',
    '',
    `client = openai.OpenAI(base_url="${baseUrl()}", api_key=os.environ["OPENAI_API_KEY"])`,
    'answer = client.chat.completions.create(',
    ...fields,
    '    stream=True,',
    ')',
    'for chunk in answer:',
    '    if chunk.choices:',
    '        print(chunk.choices[0].delta.content or "", end="", flush=True)',
  ].join('\n');
}

function pythonValue(value: unknown, depth: number): string {
  const pad = '    '.repeat(depth);
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return `[\n${value.map((item) => `${pad}    ${pythonValue(item, depth + 1)},\n`).join('')}${pad}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${pythonValue(item, depth + 1)}`).join(', ')}}`;
  }
  return JSON.stringify(value);
}
