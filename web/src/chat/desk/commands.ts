// Slash commands of apps: which there are, and running one.
import { useQuery } from '@tanstack/react-query';

import { rest } from '../../api/client';

export interface Command {
  app_id: string;
  command: string;
  description: string;
  usage_hint: string;
}

const NONE: Command[] = [];

export function useCommands(): Command[] {
  const commands = useQuery({ queryKey: ['chat', 'commands'], queryFn: () => rest.get<{ commands: Command[] }>('/chat/commands'), staleTime: 60_000 });
  return commands.data?.commands ?? NONE;
}

// The command that a line begins with, when there is such a one.
export function commandOf(line: string, commands: Command[]): Command | undefined {
  const name = line.split(/\s/, 1)[0];
  return commands.find((item) => item.command === name);
}

export function runCommand(channel: string, thread: string | null, text: string): Promise<void> {
  return rest.post('/chat/interactions/command', { channel, text, ...(thread ? { thread_ts: thread } : {}) });
}
