// A policy as JSON text: told at once where it is not JSON, with templates to begin from.
import { Button, Group, JsonInput, Menu, Stack, Text } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';

import { t, type TextKey } from '../i18n/text';

export interface Template {
  label: TextKey;
  policy: unknown;
}

interface Props {
  label: string;
  value: string;
  onChange: (text: string) => void;
  templates: Template[];
  refused?: string; // what the server said of it
  minRows?: number;
}

export function PolicyText({ label, value, onChange, templates, refused, minRows = 14 }: Props) {
  const problem = jsonProblem(value);
  return (
    <Stack gap={6}>
      <Group justify="space-between">
        <Text size="sm" fw={500}>
          {label}
        </Text>
        <Menu position="bottom-end">
          <Menu.Target>
            <Button size="compact-xs" variant="default" rightSection={<IconChevronDown size={13} />}>
              {t('beginFrom')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {templates.map((template) => (
              <Menu.Item key={template.label} onClick={() => onChange(pretty(template.policy))}>
                {t(template.label)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </Group>
      <JsonInput
        aria-label={label}
        value={value}
        onChange={onChange}
        autosize
        minRows={minRows}
        maxRows={32}
        formatOnBlur
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
        error={problem ?? refused}
      />
    </Stack>
  );
}

// Where the text stops being JSON, in words; null when it is JSON.
export function jsonProblem(text: string): string | null {
  if (text.trim() === '') return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const at = /position (\d+)/.exec(said);
    if (!at) return said;
    const before = text.slice(0, Number(at[1]));
    return t('jsonProblemAt', { said: said.split(' in JSON')[0]!, line: before.split('\n').length });
  }
}

export function pretty(policy: unknown): string {
  return JSON.stringify(policy, null, 2);
}

export function prettyText(text: string): string {
  try {
    return pretty(JSON.parse(text));
  } catch {
    return text;
  }
}
