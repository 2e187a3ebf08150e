// One question and its answer (or answers), with speed and usage below.
import { ActionIcon, Alert, Badge, Box, Group, SegmentedControl, Text, ThemeIcon, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconRefresh, IconSparkles } from '@tabler/icons-react';

import { Copy } from '../app/parts';
import { t } from '../i18n/text';
import type { Turn } from './conversation';
import { EngineWait } from './Engine';
import classes from './models.module.css';
import { Tokens } from './Tokens';

interface TurnViewProps {
  turn: Turn;
  choose: (index: number) => void;
  cost: (turn: Turn) => string; // '' where it is not known
  again?: () => void;
}

export function TurnView({ turn, choose, cost, again }: TurnViewProps) {
  const answer = turn.answers[turn.chosen];
  const isOpen = turn.state === 'waiting' || turn.state === 'streaming';
  return (
    <Box className={classes.turn}>
      <Box className={classes.question}>{turn.question}</Box>
      <Group align="flex-start" gap="sm" wrap="nowrap">
        <ThemeIcon variant="light" radius="xl" size={30} mt={2}>
          <IconSparkles size={17} />
        </ThemeIcon>
        <Box className={classes.answer} aria-busy={isOpen}>
          {turn.answers.length > 1 && (
            <SegmentedControl
              size="xs"
              mb={6}
              value={String(turn.chosen)}
              onChange={(value) => choose(Number(value))}
              data={turn.answers.map((_, index) => ({ value: String(index), label: t('answerNumber', { number: index + 1 }) }))}
            />
          )}
          {turn.state === 'waiting' && <EngineWait />}
          {answer && (answer.tokens.length > 0 ? <Tokens tokens={answer.tokens} /> : <span>{answer.text}</span>)}
          {answer?.calls.map((made, index) => (
            <Box key={index} className="mono" fz="sm">
              {made.name}({made.arguments})
            </Box>
          ))}
          {turn.state === 'streaming' && <span className={classes.caret} aria-hidden />}
          {answer && !isOpen && answer.text === '' && answer.calls.length === 0 && (
            <Text c="dimmed" size="sm">
              {t('theModelEndedWithout')}
            </Text>
          )}
          {turn.failure && (
            <Alert color="red" icon={<IconAlertTriangle size={18} />} role="alert" mt="xs">
              {turn.failure}
            </Alert>
          )}
          {!isOpen && <Facts turn={turn} cost={cost(turn)} again={again} />}
        </Box>
      </Group>
    </Box>
  );
}

function Facts({ turn, cost, again }: { turn: Turn; cost: string; again: (() => void) | undefined }) {
  const answer = turn.answers[turn.chosen];
  return (
    <Group gap="xs" mt={6} className={classes.facts}>
      {turn.state === 'stopped' && (
        <Badge color="gray" variant="light">
          {t('stoppedAnswer')}
        </Badge>
      )}
      {answer?.finish === 'length' && (
        <Tooltip label={t('itReachedTheLimit')}>
          <Badge color="amber" variant="light">
            {t('cutOff')}
          </Badge>
        </Tooltip>
      )}
      {turn.usage && (
        <Text size="xs" c="dimmed">
          {t('tokensUsed', { prompt: turn.usage.prompt_tokens, completion: turn.usage.completion_tokens })}
        </Text>
      )}
      {cost && (
        <Text size="xs" c="dimmed">
          {cost}
        </Text>
      )}
      {turn.tokensPerSecond > 0 && turn.state !== 'failed' && (
        <Text size="xs" c="dimmed">
          {t('tokensPerSecond', { number: turn.tokensPerSecond.toFixed(turn.tokensPerSecond < 10 ? 1 : 0) })}
        </Text>
      )}
      {turn.firstTokenMs > 0 && (
        <Text size="xs" c="dimmed">
          {t('firstAfter', { ms: Math.round(turn.firstTokenMs) })}
        </Text>
      )}
      {answer?.text && <Copy value={answer.text} label={t('copyTheAnswer')} />}
      {again && (
        <Tooltip label={t('askAgain')}>
          <ActionIcon variant="subtle" color="gray" onClick={again} aria-label={t('askAgain')}>
            <IconRefresh size={16} />
          </ActionIcon>
        </Tooltip>
      )}
    </Group>
  );
}
