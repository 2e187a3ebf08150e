// The keys of the person who is signed in, and where programs should send them.
import { Code, Grid, Stack, Text } from '@mantine/core';

import { Copy, Surface } from '../app/parts';
import { useSession } from '../app/session';
import { t } from '../i18n/text';
import { KeyTable } from './KeyTable';

export function MyKeys() {
  const { region, aws_url } = useSession();
  return (
    <Grid gap="lg">
      <Grid.Col span={{ base: 12, md: 7 }}>
        <Surface title={t('myKeys')}>
          <KeyTable />
        </Surface>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 5 }}>
        <Surface title={t('useThem')}>
          <Stack gap="sm">
            <Text size="sm">{t('clientsThatYouHave')}</Text>
            <Snippet lines={[`export OPENAI_BASE_URL=${location.origin}/v1`, 'export OPENAI_API_KEY=sk-vol-…']} />
            <Snippet lines={[`export SLACK_API_URL=${location.origin}/api/`, 'export SLACK_USER_TOKEN=xoxp-…']} />
            <Snippet lines={[`export AWS_ENDPOINT_URL=${aws_url}`, `export AWS_DEFAULT_REGION=${region}`, 'export AWS_ACCESS_KEY_ID=AKIA…', 'export AWS_SECRET_ACCESS_KEY=…']} />
          </Stack>
        </Surface>
      </Grid.Col>
    </Grid>
  );
}

function Snippet({ lines }: { lines: string[] }) {
  const text = lines.join('\n');
  return (
    <div style={{ position: 'relative' }}>
      <Code block className="wrap-anywhere" pr={40}>
        {text}
      </Code>
      <div style={{ position: 'absolute', right: 4, top: 4 }}>
        <Copy value={text} />
      </div>
    </div>
  );
}
