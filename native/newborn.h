// What a newborn does for itself before its JavaScript goes on.
#pragma once

#include <uv.h>

#include <string>
#include <vector>

// It cannot live: says why on stderr and ends with status 70 (EX_SOFTWARE). Its monitor sees it
// die.
[[noreturn]] void Perish(const char* reason);

// The kernel's names of this process's pipes, for a newborn to know the inherited ones by.
std::vector<std::string> ListPipes();

// Epoll sets, eventfds and self-pipes are objects that a fork shares. Replaces those that are left
// after uv_loop_fork, under the same numbers, by ones of its own, so that no side can wake or
// starve the other. Null, or the reason why not.
const char* OwnDescriptors(uv_loop_t* loop, const std::vector<std::string>& inherited_pipes);
