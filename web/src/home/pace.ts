// How often the home page looks again.
export const LOOK_EVERY_MS = 4_000;
export const LOOK_AT_BILL_EVERY_MS = 20_000;
