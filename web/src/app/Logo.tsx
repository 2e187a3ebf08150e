import { Group, Text } from '@mantine/core';

// The flywheel; it turns while `busy`.
export function Logo({ size = 26, busy = false, label = true }: { size?: number; busy?: boolean; label?: boolean }) {
  return (
    <Group gap={8} wrap="nowrap">
      <svg width={size} height={size} viewBox="0 0 32 32" className={busy ? 'flywheel' : undefined} role="img" aria-label="Volano">
        <circle cx="16" cy="16" r="13" fill="none" stroke="var(--mantine-primary-color-filled)" strokeWidth="4" />
        <circle cx="16" cy="16" r="3.5" fill="var(--mantine-color-amber-6)" />
        <g stroke="var(--mantine-primary-color-filled)" strokeWidth="2.5" strokeLinecap="round">
          <path d="M16 6v5M16 21v5M6 16h5M21 16h5" />
        </g>
      </svg>
      {label && (
        <Text fw={700} fz="lg" component="span">
          Volano
        </Text>
      )}
    </Group>
  );
}
