// Repairs that a newborn makes before its JavaScript continues.
#pragma once

#include <uv.h>

// For a newborn that cannot run: writes the reason to stderr and exits with status 70
// (EX_SOFTWARE), which its monitor notices.
[[noreturn]] void Perish(const char* reason);

// Replaces the dead ends of connections that the parent cut (dead-ends.cc) by one of its own. Null,
// or the reason for the failure.
const char* OwnDeadEnds();

// A fork shares epoll sets, eventfds and self-pipes. Replaces those that uv_loop_fork leaves, under
// the same numbers, by ones of its own, so that neither side can wake or starve the other. Null, or
// the reason for the failure.
const char* OwnDescriptors(const uv_loop_t* loop);
