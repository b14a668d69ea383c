// A process that vfork(2) makes has no rseq(2) registration, and its children inherit that lack,
// while glibc's copy of the area says that there is one: sched_getcpu(3) would answer the CPU of
// the fork for ever.
#pragma once

// In a newborn of a middle process: registers the main thread's area again, as glibc did when the
// process started.
void RegisterRestartableSequences();
