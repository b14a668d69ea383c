// Whether text is colored: as NO_COLOR (no-color.org) and FORCE_COLOR (as Node reads it) have it.

export function isColored(environment: NodeJS.ProcessEnv, onTerminal: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment;
  if (FORCE_COLOR !== undefined) return !/^(0|false)$/.test(FORCE_COLOR);
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  return onTerminal && TERM !== 'dumb';
}
