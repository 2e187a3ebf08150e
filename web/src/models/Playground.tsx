// Talk to a model: tokens as they come, how sure it was, how fast, and the same call as code.
import { ActionIcon, Alert, Box, Button, Drawer, Group, Textarea, Tooltip } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { IconAdjustments, IconAlertCircle, IconArrowUp, IconCode, IconEraser, IconMessage2Bolt, IconPlayerStopFilled } from '@tabler/icons-react';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { useSearchParams } from 'react-router';

import { useCall } from '../api/call';
import { formatMoney } from '../app/format';
import { Empty, Failed, Waiting } from '../app/parts';
import { fromServer } from '../i18n/server';
import { t } from '../i18n/text';
import { isTestModel } from './Catalogue';
import { DEFAULTS, messagesOf, requestOf, useConversation, type Parameters, type Turn } from './conversation';
import classes from './models.module.css';
import { Settings } from './Settings';
import { Snippet } from './Snippet';
import { TurnView } from './TurnView';

const STARTERS = ['promptWhat', 'promptReply', 'promptFlywheel'] as const;

export function Playground() {
  const models = useCall('listModels', {});
  const [search] = useSearchParams();
  const [parameters, setParameters] = useState<Parameters>({ ...DEFAULTS, model: search.get('model') ?? '' });
  const [settingsOpen, settings] = useDisclosure();
  const [codeOpen, code] = useDisclosure();
  const isWide = useMediaQuery('(min-width: 62em)', true);
  const chatModels = (models.data?.items ?? []).filter((model) => model.task === 'generate');
  const preferred = chatModels.find((model) => !isTestModel(model)) ?? chatModels[0];
  const chosen = chatModels.find((model) => model.id === parameters.model) ?? preferred;
  const [second, compareWith] = useState('');
  const talk = useConversation({ ...parameters, model: chosen?.id ?? '' });
  const other = useConversation({ ...parameters, model: second });
  const costOf = useCosts();
  const talks = second === '' ? [{ model: chosen?.id ?? '', talk }] : [{ model: chosen?.id ?? '', talk }, { model: second, talk: other }];
  const isBusy = talks.some((each) => each.talk.isBusy);
  const ask = (text: string) => talks.forEach((each) => void each.talk.ask(text));
  if (models.isPending) return <Waiting />;
  if (models.isError) return <Failed error={models.error} retry={() => void models.refetch()} />;
  if (chosen === undefined) {
    return (
      <Empty icon={<IconMessage2Bolt size={28} />} title={t('noChatModelHere')}>
        {t('pullOneUnderAllModels')}
      </Empty>
    );
  }
  const panel = <Settings value={{ ...parameters, model: chosen.id }} models={chatModels} onChange={(part) => setParameters({ ...parameters, ...part })} second={second} compareWith={compareWith} />;
  return (
    <Box className={classes.playground}>
      <Box className={`surface ${classes.talk}`}>
        <Group justify="space-between" px="md" py="xs" className={classes.bar} wrap="nowrap">
          <Box className={classes.modelName}>{talks.map((each) => each.model).join(t('and'))}</Box>
          <Group gap={4} wrap="nowrap">
            <Tooltip label={t('sameCallAsCode')}>
              <ActionIcon variant="subtle" color="gray" onClick={code.open} aria-label={t('showAsCode')}>
                <IconCode size={18} />
              </ActionIcon>
            </Tooltip>
            <Tooltip label={t('beginAnew')}>
              <ActionIcon variant="subtle" color="gray" onClick={() => talks.forEach((each) => each.talk.clear())} disabled={talks.every((each) => each.talk.turns.length === 0)} aria-label={t('clearTheConversation')}>
                <IconEraser size={18} />
              </ActionIcon>
            </Tooltip>
            {!isWide && (
              <Tooltip label={t('settings')}>
                <ActionIcon variant="subtle" color="gray" onClick={settings.open} aria-label={t('settings')}>
                  <IconAdjustments size={18} />
                </ActionIcon>
              </Tooltip>
            )}
          </Group>
        </Group>
        {isTestModel(chosen) && (
          <Alert color="amber" variant="light" icon={<IconAlertCircle size={18} />} radius={0} py={8}>
            {fromServer(chosen.description).replaceAll('`', '')}
          </Alert>
        )}
        <Box className={classes.sides}>
          {talks.map(({ model, talk: one }, side) => (
            <Conversation key={side} model={second === '' ? '' : model} talk={one} ask={ask} cost={(turn) => costOf(model, turn)} />
          ))}
        </Box>
        <Composer isBusy={isBusy} ask={ask} stop={() => talks.forEach((each) => each.talk.stop())} />
      </Box>
      {isWide ? (
        <Box className={`surface ${classes.settings}`} p="md" component="aside" aria-label={t('settings')}>
          {panel}
        </Box>
      ) : (
        <Drawer opened={settingsOpen} onClose={settings.close} title={t('settings')} position="right" size="sm">
          {panel}
        </Drawer>
      )}
      <Snippet opened={codeOpen} onClose={code.close} request={requestOf({ ...parameters, model: chosen.id }, codeMessages(parameters.system, talk.turns))} />
    </Box>
  );
}

function codeMessages(system: string, turns: Turn[]) {
  return turns.length > 0 ? messagesOf(system, turns.slice(0, -1), turns.at(-1)!.question) : messagesOf(system, [], 'Hello!');
}

// What an answer cost by the price list; the bill and “Costs and limits” have what was charged.
function useCosts(): (model: string, turn: Turn) => string {
  const catalogue = useCall('getModelCatalogue', {});
  return (model, turn) => {
    const entry = catalogue.data?.items.find((item) => item.id === model);
    if (!entry?.price || turn.usage === null) return '';
    const { input, output } = entry.price;
    return formatMoney((turn.usage.prompt_tokens * Number(input) + turn.usage.completion_tokens * Number(output)) / 1e6, entry.currency);
  };
}

interface ConversationProps {
  model: string; // named where two stand side by side
  talk: ReturnType<typeof useConversation>;
  ask: (text: string) => void;
  cost: (turn: Turn) => string;
}

function Conversation({ model, talk, ask, cost }: ConversationProps) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current && box.current && talk.turns.length > 0) box.current.scrollTop = box.current.scrollHeight;
  });
  const onScroll = () => {
    const view = box.current!;
    isAtEnd.current = view.scrollHeight - view.scrollTop - view.clientHeight < 60;
  };
  return (
    <div ref={box} className={classes.turns} onScroll={onScroll} role="log" aria-label={model ? t('conversationWith', { model }) : t('conversation')} tabIndex={0}>
      {model && <Box className={classes.side}>{model}</Box>}
      {talk.turns.length === 0 && (
        <Empty
          icon={<IconMessage2Bolt size={28} />}
          title={t('askSomething')}
          action={
            <Group gap="xs" justify="center">
              {STARTERS.map((key) => (
                <button key={key} type="button" className={classes.starter} onClick={() => ask(t(key))}>
                  {t(key)}
                </button>
              ))}
            </Group>
          }
        >
          {t('everythingStaysOnThis')}
        </Empty>
      )}
      {talk.turns.map((turn, index) => (
        <TurnView
          key={turn.id}
          turn={turn}
          choose={(chosen) => talk.choose(turn.id, chosen)}
          cost={cost}
          {...(index === talk.turns.length - 1 && !talk.isBusy ? { again: talk.again } : {})}
        />
      ))}
    </div>
  );
}

function Composer({ isBusy, ask, stop }: { isBusy: boolean; ask: (text: string) => void; stop: () => void }) {
  const [text, setText] = useState('');
  const submit = () => {
    if (isBusy || text.trim() === '') return;
    ask(text.trim());
    setText('');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && isBusy) stop();
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <Group className={classes.composer} p="sm" gap="xs" align="flex-end" wrap="nowrap">
      <Textarea
        placeholder={t('messageTheModel')}
        aria-label={t('message')}
        autosize
        minRows={1}
        maxRows={8}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        style={{ flex: 1 }}
      />
      {isBusy ? (
        <Button color="red" variant="light" leftSection={<IconPlayerStopFilled size={16} />} onClick={stop}>
          {t('stopIt')}
        </Button>
      ) : (
        <Tooltip label={t('sendEnter')}>
          <ActionIcon size={36} onClick={submit} disabled={text.trim() === ''} aria-label={t('send')}>
            <IconArrowUp size={18} />
          </ActionIcon>
        </Tooltip>
      )}
    </Group>
  );
}
