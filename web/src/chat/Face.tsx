// A person's or program's picture: initials on their own colour; the copilot has its sign.
import { Avatar } from '@mantine/core';
import { IconRobot, IconSparkles } from '@tabler/icons-react';

import { nameOf } from './context';
import type { User } from './types';

const COLORS = ['volano.8', 'indigo.8', 'grape.8', 'red.9', 'cyan.9', 'pink.8', 'teal.9', 'blue.8'];

export function Face({ user, size = 36 }: { user: User | undefined; size?: number }) {
  if (user?.is_bot) {
    const Sign = user.name === 'copilot' ? IconSparkles : IconRobot;
    return (
      <Avatar size={size} radius="md" color={user.name === 'copilot' ? 'amber' : 'gray'} variant={user.name === 'copilot' ? 'filled' : 'light'} aria-hidden>
        <Sign size={size * 0.58} stroke={1.7} />
      </Avatar>
    );
  }
  // Everybody has a picture for apps; one that the person chose says more than their initials.
  const photo = user?.profile.is_custom_image ? user.profile.image_72 : undefined;
  if (photo) return <Avatar size={size} radius="md" src={new URL(photo, location.origin).pathname} alt="" aria-hidden />;
  const seed = [...(user?.id ?? '')].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, 7);
  return <Avatar size={size} radius="md" name={nameOf(user)} color={COLORS[seed % COLORS.length]!} variant="filled" aria-hidden />;
}
