// The reactions below a message; pressing one joins in or takes one's own back.
import { Tooltip, UnstyledButton } from '@mantine/core';
import { t } from '../i18n/text';

import classes from './chat.module.css';
import { nameOf, useWorkplace } from './context';
import { Emoji } from './Text';
import type { Message } from './types';
import { useReact } from './useReact';

export function Reactions({ channel, message }: { channel: string; message: Message }) {
  const { users, me } = useWorkplace();
  const toggle = useReact(channel, message);
  return (
    <div className={classes.reactions}>
      {(message.reactions ?? []).map((reaction) => {
        const isMine = reaction.users.includes(me.id);
        const who = reaction.users.map((id) => (id === me.id ? t('you') : nameOf(users.get(id)))).join(', ');
        return (
          <Tooltip key={reaction.name} label={t('reactedWith', { who, name: reaction.name })} multiline maw={260}>
            <UnstyledButton className={isMine ? classes.reactionMine : classes.reaction} aria-pressed={isMine} aria-label={`${reaction.name}, ${reaction.count}`} onClick={() => toggle(reaction.name)}>
              <Emoji name={reaction.name} /> <span>{reaction.count}</span>
            </UnstyledButton>
          </Tooltip>
        );
      })}
    </div>
  );
}
