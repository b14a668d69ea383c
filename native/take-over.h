// The step in which a new thread becomes a parked worker: it moves from its own stack to a
// temporary one, copies the worker's frames back below its own start frame, and jumps into them.
// All processor-specific code is here.
#pragma once

#include "v8-pool.h"

#if defined(__x86_64__)
// A leaf function may keep values below the stack pointer (System V ABI).
constexpr size_t kRedZoneBytes = 128;
#elif defined(__aarch64__)
constexpr size_t kRedZoneBytes = 0;
#else
#error "pitchfork-ts supports x64 and arm64"
#endif

// The first frame of a thread, as that thread finds it.
struct StartFrame {
  // The stack pointer at the call: glibc's own frames and the thread's descriptor lie above it.
  char* top;
  void* return_address;
  void* frame;
};

char* StackPointer(const ucontext_t& context);

void PrepareCrossing(ParkedWorker* worker);

// The calling thread, which must run on the worker's stack, continues as that worker.
[[noreturn]] void BecomeWorker(ParkedWorker* worker, const StartFrame& start);
