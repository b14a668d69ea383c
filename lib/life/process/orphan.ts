// The end of a process whose monitor is gone.

/**
 * The time after the monitor's death to answer requests in flight; then a timer of the kernel ends
 * the process. All must be gone within a second, even if the timer fires late.
 */
export const orphanGraceMs = 700;

/** The part of the grace that an orphan leaves unused, so that it exits by itself. */
export const orphanMarginMs = 200;
