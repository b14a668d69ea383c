// Writing a message to a channel.
#pragma once

#include <string>
#include <vector>

// Sends all of `data`, or nothing: 0 or an errno; ETIMEDOUT if only a part of a message could be
// sent in time.
int SendWhole(int fd, const std::string& data, const std::vector<int>& fds);
