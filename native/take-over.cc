// Turns a new thread into a parked worker; see take-over.h.
#include "take-over.h"

#include <stdint.h>
#include <string.h>

#include "newborn.h"

namespace {

constexpr size_t kCrossingStackBytes = 64 * 1024;

// The same code in glibc started both threads, so their first frames must be laid out alike. If
// they are not, the copy would land in the wrong place: better to exit with a message.
#if defined(__x86_64__)
// The call pushed the return address right below the frame's top.
bool StartsAlike(const ParkedWorker& worker, const StartFrame& start) {
  const char* slot = start.top - sizeof(void*);
  if (slot < worker.live_low) return false;
  void* before;
  memcpy(&before, worker.saved.data() + (slot - worker.live_low), sizeof before);
  return before == start.return_address;
}
#else
// A function stores its caller's frame pointer and the return address somewhere in its own frame:
// the worker's first frame, wherever it ends, must hold the same pair as ours. The upper bits can
// be a pointer signature.
bool StartsAlike(const ParkedWorker& worker, const StartFrame& start) {
  constexpr uintptr_t kAddressBits = (uintptr_t{1} << 48) - 1;
  uintptr_t ours[2];
  memcpy(ours, start.frame, sizeof ours);
  size_t size = static_cast<size_t>(start.top - worker.live_low);
  for (size_t at = 0; at + sizeof ours <= size; at += sizeof(uintptr_t)) {
    uintptr_t pair[2];
    memcpy(pair, worker.saved.data() + at, sizeof pair);
    if (pair[0] == ours[0] && ((pair[1] ^ ours[1]) & kAddressBits) == 0) return true;
  }
  return false;
}
#endif

// Runs on the temporary stack. makecontext(3) passes integers only, so the pointer comes in two
// halves.
void Cross(unsigned high, unsigned low) {
  auto* worker =
      reinterpret_cast<ParkedWorker*>((static_cast<uintptr_t>(high) << 32) | uintptr_t{low});
  memcpy(worker->live_low, worker->saved.data(), worker->crossing_size);
  worker->revived = true;
  setcontext(&worker->context);
  Perish({"setcontext returned"});
}

}  // namespace

char* StackPointer(const ucontext_t& context) {
#if defined(__x86_64__)
  return reinterpret_cast<char*>(context.uc_mcontext.gregs[REG_RSP]);
#else
  return reinterpret_cast<char*>(context.uc_mcontext.sp);
#endif
}

void PrepareCrossing(ParkedWorker* worker) {
  worker->crossing_stack.reset(new char[kCrossingStackBytes]);
}

void BecomeWorker(ParkedWorker* worker, const StartFrame& start) {
  if (start.top < worker->live_low || start.top > worker->live_low + worker->saved.size() ||
      !StartsAlike(*worker, start))
    Perish({"a new thread does not start where V8's worker did"});
  worker->crossing_size = static_cast<size_t>(start.top - worker->live_low);
  getcontext(&worker->crossing);
  worker->crossing.uc_stack.ss_sp = worker->crossing_stack.get();
  worker->crossing.uc_stack.ss_size = kCrossingStackBytes;
  worker->crossing.uc_link = nullptr;
  auto address = reinterpret_cast<uintptr_t>(worker);
  makecontext(&worker->crossing, reinterpret_cast<void (*)()>(Cross), 2,
              static_cast<unsigned>(address >> 32), static_cast<unsigned>(address));
  setcontext(&worker->crossing);
  Perish({"setcontext returned"});
}
