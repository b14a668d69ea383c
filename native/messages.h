// How a message is put on a channel.
#pragma once

#include <string>
#include <vector>

// Sends all of `data`, or nothing: 0, or an errno; ETIMEDOUT where the rest of a message did not go
// out in time.
int SendWhole(int fd, const std::string& data, const std::vector<int>& fds);
