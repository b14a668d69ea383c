// A process made by vfork(2) has no rseq(2) registration, and neither have its children, while
// glibc's copy of the area claims one: sched_getcpu(3) would return the CPU of the fork for ever.
#pragma once

// In a newborn of a middle process: registers the main thread's area again, as glibc does when a
// process starts.
void RegisterRestartableSequences();
