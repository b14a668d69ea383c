// Repairs that a newborn makes before its JavaScript continues.
#pragma once

#include <uv.h>

// The reason for a failed repair; null if it succeeded. `number` is the errno, or 0.
struct Failure {
  const char* reason = nullptr;
  int number = 0;

  explicit operator bool() const { return reason != nullptr; }
};

// For a newborn that cannot run: writes the reason to stderr, reports it on its channel if it has
// one, and exits with status 70 (EX_SOFTWARE).
[[noreturn]] void Perish(Failure failure);

// Replaces the dead ends of connections that the parent cut (dead-ends.cc) by one of its own.
Failure OwnDeadEnds();

// A fork shares epoll sets, eventfds and self-pipes. Replaces those that uv_loop_fork leaves, under
// the same numbers, by ones of its own, so that neither side can wake or starve the other.
Failure OwnDescriptors(const uv_loop_t* loop);
