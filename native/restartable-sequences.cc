// rseq(2) for a newborn of a middle process; see restartable-sequences.h.
#include "restartable-sequences.h"

#include <features.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#if __GLIBC_PREREQ(2, 35)
#include <sys/rseq.h>

void RegisterRestartableSequences() {
  // Switched off by glibc's tunable.
  if (__rseq_size == 0) return;
  // The original size, which glibc registers regardless of the features it uses.
  constexpr unsigned kAreaBytes = 32;
  char* area = static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset;
  // EBUSY if the kernel kept the registration, EINVAL if glibc's has another size: both are
  // harmless.
  syscall(SYS_rseq, area, kAreaBytes, 0, RSEQ_SIG);
}
#else
void RegisterRestartableSequences() {}
#endif
