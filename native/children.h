// Identification of children by the kernel.
#pragma once

#include <sys/types.h>

// Neither a group (0 and below, kill(2)) nor the init process of the namespace.
constexpr int kLeastPid = 2;

// Whether `pid` is a child of this process that has not been reaped: then its pid belongs to no
// other process.
bool IsChild(pid_t pid);
