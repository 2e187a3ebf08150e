// Volano's look: a teal flywheel with an amber hub, system fonts, calm surfaces. Colours are picked
// so that text on every filled shade passes WCAG AA in both schemes (autoContrast does the rest).
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

import { t } from '../i18n/text';

const teal: MantineColorsTuple = [
  '#effcf9', '#d7f5ee', '#abeadd', '#7bdfca', '#52d3b8', '#2fb89d', '#0f9482', '#0f766e', '#0d5f59', '#0a4a46',
];
const amber: MantineColorsTuple = [
  '#fff8e6', '#feeecb', '#fddc98', '#fcc961', '#fbb934', '#f9ac17', '#f59e0b', '#cf8206', '#a86705', '#834f02',
];

// Dark surfaces lean to the brand's green; index 0 is text, 7 the page.
const dark: MantineColorsTuple = [
  '#dfe6e4', '#b9c4c1', '#8f9c99', '#6b7875', '#3a4643', '#2a3432', '#212a28', '#161c1b', '#101514', '#0a0e0d',
];

// A function, so that the word is the reader's at the time.
const closable = () => ({ closeButtonProps: { 'aria-label': t('close') } });

export const theme = createTheme({
  primaryColor: 'volano',
  primaryShade: 7,
  colors: { volano: teal, amber, dark },
  autoContrast: true,
  luminanceThreshold: 0.25,
  defaultRadius: 'md',
  fontFamily:
    'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "JetBrains Mono", SFMono-Regular, Menlo, Consolas, monospace',
  headings: { fontWeight: '650' },
  cursorType: 'pointer',
  focusRing: 'auto',
  components: {
    Badge: { defaultProps: { tt: 'none' } }, // sizes and names have small letters
    Drawer: { defaultProps: closable },
    // No placeholder, an element that is no menu item; a menu higher than the room for it is scrolled.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false, middlewares: { flip: true, shift: true, size: true }, styles: { dropdown: { overflowY: 'auto' } } } },
    Modal: { defaultProps: closable },
    PasswordInput: { defaultProps: () => ({ visibilityToggleButtonProps: { 'aria-label': t('togglePassword') } }) },
    TableScrollContainer: { defaultProps: { scrollAreaProps: { viewportProps: { tabIndex: 0 } } } }, // scrolled by keys, too
  },
});

// Mantine's own shades are too pale for words on white and on their own tint; these pass AA.
const SPOKEN_IN = ['amber', 'blue', 'cyan', 'grape', 'green', 'indigo', 'orange', 'red', 'teal', 'yellow'];
const dark9 = (color: string) => `color-mix(in srgb, var(--mantine-color-${color}-9) 65%, black)`;

export const readableColors: CSSVariablesResolver = () => ({
  variables: { '--mantine-color-red-filled': 'var(--mantine-color-red-9)' },
  light: Object.fromEntries([
    ['--mantine-color-error', 'var(--mantine-color-red-9)'],
    ...SPOKEN_IN.flatMap((color) => [
      [`--mantine-color-${color}-light-color`, dark9(color)],
      [`--mantine-color-${color}-text`, dark9(color)],
      [`--mantine-color-${color}-outline`, dark9(color)],
    ]),
  ]),
  dark: { '--mantine-color-error': 'var(--mantine-color-red-4)' },
});

// Series of charts, in order; distinct without colour vision by lightness.
export const CHART_COLORS = ['volano.6', 'amber.6', 'indigo.5', 'grape.5', 'cyan.6', 'gray.6'];
