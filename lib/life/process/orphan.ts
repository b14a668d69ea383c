// How a process ends when its monitor is gone.

/**
 * After the monitor's death a process has this long to answer what is in flight; then the kernel's
 * timer ends it. All is to be gone within a second, also where the timer's turn comes late.
 */
export const orphanGraceMs = 700;

/** What an orphan leaves unused of its grace, so that it goes by itself. */
export const orphanMarginMs = 200;
