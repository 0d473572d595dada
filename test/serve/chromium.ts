import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium'];

/** A Chromium on this machine: what the variable CHROMIUM names, or one at a usual place. */
export function findChromium(): string | undefined {
  return process.env.CHROMIUM ?? PLACES.find((place) => existsSync(place));
}

/** Said where there is none. */
export const NO_CHROMIUM = `no Chromium: set CHROMIUM, or install one at ${PLACES[0]}`;
