// What a newborn does for itself before its JavaScript goes on.
#pragma once

#include <uv.h>

// It cannot live: says why on stderr and ends with status 70 (EX_SOFTWARE). Its monitor sees it
// die.
[[noreturn]] void Perish(const char* reason);

// What its parent had cut off (dead-ends.cc) ends at a dead end of its own. Null, or the reason why
// not.
const char* OwnDeadEnds();

// Epoll sets, eventfds and self-pipes are objects that a fork shares. Replaces those that are left
// after uv_loop_fork, under the same numbers, by ones of its own, so that no side can wake or
// starve the other. Null, or the reason why not.
const char* OwnDescriptors(const uv_loop_t* loop);
