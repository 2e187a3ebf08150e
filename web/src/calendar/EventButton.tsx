// An event in a view: a button that opens it.
import { UnstyledButton } from '@mantine/core';
import type { CSSProperties } from 'react';

import type { OccurrenceView } from '../api/schema';
import classes from './calendar.module.css';
import { startText, timeText } from './days';

export type Opens = (item: OccurrenceView) => void;

export function EventButton({ item, open, style, brief = false }: { item: OccurrenceView; open: Opens; style?: CSSProperties; brief?: boolean }) {
  const isAsked = item.answer === 'none' || item.answer === 'maybe';
  const isOff = item.cancelled || item.answer === 'no';
  const names = [classes.event, style && classes.timed, isAsked && classes.asked, isOff && classes.off, brief && classes.brief].filter(Boolean).join(' ');
  return (
    <UnstyledButton className={names} style={style} onClick={() => open(item)}>
      {brief && !item.all_day && <span>{startText(item)} </span>}
      <strong>{item.title}</strong>
      {!brief && (
        <>
          <br />
          {timeText(item)}
          {item.location && `, ${item.location}`}
        </>
      )}
    </UnstyledButton>
  );
}
