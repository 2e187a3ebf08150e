// Start, stop, reboot, terminate: what can be done in which state, each asked for once more.
import { useCallback, type ReactNode } from 'react';

import { useChange, type Operation } from '../api/call';
import type { InstanceObject } from '../api/schema';
import { useConfirm } from '../app/confirm';

const READS: Operation[] = ['listInstances', 'getInstance'];

export interface InstanceActions {
  start: () => void;
  stop: () => Promise<void>;
  reboot: () => Promise<void>;
  terminate: () => Promise<void>;
  busy: boolean;
  dialog: ReactNode;
}

export const canStart = (instance: InstanceObject) => instance.state === 'stopped';
export const canStop = (instance: InstanceObject) => instance.state === 'running';
export const canTerminate = (instance: InstanceObject) => !['terminated', 'shutting-down'].includes(instance.state);

export function useInstanceActions(instance: InstanceObject): InstanceActions {
  const { ask, dialog } = useConfirm();
  const start = useChange('startInstance', { reads: READS, done: 'The instance is starting' });
  const stop = useChange('stopInstance', { reads: READS, done: 'The instance is stopping' });
  const reboot = useChange('rebootInstance', { reads: READS, done: 'The instance is rebooting' });
  const terminate = useChange('terminateInstance', { reads: READS, done: 'The instance is ending' });
  const { id } = instance;
  const name = instance.name || id;
  const confirmed = useCallback(
    async (title: string, text: string, yes: string, work: () => void, calm = false) => {
      if (await ask({ title, text, yes, calm })) work();
    },
    [ask],
  );
  return {
    start: () => start.mutate({ id }),
    stop: () => confirmed(`Stop ${name}?`, 'Its programs end. Its disk stays, and it costs nothing while it is stopped.', 'Stop', () => stop.mutate({ id }), true),
    reboot: () => confirmed(`Reboot ${name}?`, 'Its programs end and it starts again, with the same disk and address.', 'Reboot', () => reboot.mutate({ id }), true),
    terminate: () => confirmed(`Terminate ${name}?`, 'It ends for good and its disk is erased. This cannot be undone.', 'Terminate', () => terminate.mutate({ id })),
    busy: [start, stop, reboot, terminate].some((change) => change.isPending),
    dialog,
  };
}
