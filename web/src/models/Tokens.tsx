// Text coloured by how sure the model was of each token; a token shows what else it might have been.
import { Box, Group, HoverCard, Progress, Stack, Text } from '@mantine/core';
import { memo } from 'react';

import { t } from '../i18n/text';
import type { Token } from './conversation';
import classes from './models.module.css';

export function Tokens({ tokens }: { tokens: Token[] }) {
  return (
    <Box>
      <span>
        {tokens.map((token, index) => (
          <TokenView key={index} token={token} />
        ))}
      </span>
      <Group gap={6} mt={6}>
        <Text size="xs" c="dimmed">
          {t('unsure')}
        </Text>
        {[0.05, 0.3, 0.6, 0.95].map((probability) => (
          <span key={probability} className={classes.legend} style={{ background: colorOf(probability) }} />
        ))}
        <Text size="xs" c="dimmed">
          {t('sure')}
        </Text>
      </Group>
    </Box>
  );
}

const TokenView = memo(function TokenView({ token }: { token: Token }) {
  const probability = Math.exp(token.logprob);
  return (
    <HoverCard openDelay={120} withinPortal shadow="md" width={220}>
      <HoverCard.Target>
        <span className={classes.token} style={{ background: colorOf(probability) }} data-probability={probability.toFixed(3)}>
          {token.token}
        </span>
      </HoverCard.Target>
      <HoverCard.Dropdown p="sm">
        <Stack gap={6}>
          {[token, ...token.top_logprobs.filter((item) => item.token !== token.token)].map((item) => (
            <Alternative key={item.token} text={item.token} probability={Math.exp(item.logprob)} isChosen={item.token === token.token} />
          ))}
        </Stack>
      </HoverCard.Dropdown>
    </HoverCard>
  );
});

function Alternative({ text, probability, isChosen }: { text: string; probability: number; isChosen: boolean }) {
  return (
    <Box>
      <Group justify="space-between" wrap="nowrap">
        <Text size="xs" className="mono" fw={isChosen ? 700 : 400} truncate>
          {JSON.stringify(text)}
        </Text>
        <Text size="xs">{(probability * 100).toFixed(1)} %</Text>
      </Group>
      <Progress value={probability * 100} size="xs" color={isChosen ? 'volano' : 'gray'} aria-hidden />
    </Box>
  );
}

function colorOf(probability: number): string {
  const hue = 12 + probability * 150;
  return `hsl(${hue} 75% 50% / ${probability > 0.9 ? 0.12 : 0.3})`;
}
