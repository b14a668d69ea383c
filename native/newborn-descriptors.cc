// uv_loop_fork renews the descriptors of the main loop only. Node has further loops, for its
// delayed-task thread and its tracing agent, and addons may have their own: their epoll sets,
// eventfds and self-pipes are still shared with the parent.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "newborn.h"

namespace {

constexpr size_t kPipeBytes = 64 * 1024;

struct Watched {
  int epoll;
  int fd;
  epoll_event event;
};

struct PipeEnd {
  int fd;
  bool is_writer;
  std::string pipe;
};

struct Inventory {
  std::vector<int> epolls;
  std::vector<int> eventfds;
  std::vector<PipeEnd> pipe_ends;
  std::vector<Watched> watched;
};

std::string Link(int fd) {
  char target[64];
  ssize_t size = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
  return size <= 0 ? "" : std::string(target, static_cast<size_t>(size));
}

bool StartsWith(const std::string& text, const char* prefix) {
  return text.compare(0, strlen(prefix), prefix) == 0;
}

FILE* OpenInfo(int fd) { return fopen(("/proc/self/fdinfo/" + std::to_string(fd)).c_str(), "re"); }

// The lines "tfd: 15 events: 19 data: f …" of an epoll set.
void ListWatched(int epoll, std::vector<Watched>* watched) {
  FILE* info = OpenInfo(epoll);
  if (info == nullptr) return;
  char line[256];
  int fd;
  unsigned events;
  unsigned long long data;
  while (fgets(line, sizeof line, info) != nullptr) {
    if (sscanf(line, "tfd: %d events: %x data: %llx", &fd, &events, &data) != 3) continue;
    Watched entry = {epoll, fd, {}};
    entry.event.events = events;
    entry.event.data.u64 = data;
    watched->push_back(entry);
  }
  fclose(info);
}

// Only close-on-exec descriptors were made by this program. The others were inherited at startup,
// to be shared.
bool TakeInventory(const uv_loop_t* loop, Inventory* inventory) {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return false;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    int fd = atoi(entry->d_name);
    int flags = fcntl(fd, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) == 0 || fd == uv_backend_fd(loop)) continue;
    std::string target = Link(fd);
    if (target == "anon_inode:[eventpoll]")
      inventory->epolls.push_back(fd);
    else if (target == "anon_inode:[eventfd]")
      inventory->eventfds.push_back(fd);
    else if (StartsWith(target, "pipe:"))
      inventory->pipe_ends.push_back({fd, (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY, target});
  }
  closedir(directory);
  for (int epoll : inventory->epolls) ListWatched(epoll, &inventory->watched);
  return true;
}

// `fresh` takes the place of `fd`, or is closed.
bool MoveTo(int fresh, int fd) {
  if (fresh < 0) return false;
  bool moved = dup3(fresh, fd, O_CLOEXEC) >= 0;
  close(fresh);
  return moved;
}

// Keeps the count at the time of the fork.
bool ReplaceEventfd(int fd) {
  unsigned long long count = 0;
  int semaphore = 0;  // Not reported by older kernels.
  if (FILE* info = OpenInfo(fd)) {
    char line[256];
    while (fgets(line, sizeof line, info) != nullptr)
      if (sscanf(line, "eventfd-count: %llx", &count) != 1)
        sscanf(line, "eventfd-semaphore: %d", &semaphore);
    fclose(info);
  }
  int flags = EFD_CLOEXEC | (fcntl(fd, F_GETFL) & O_NONBLOCK ? EFD_NONBLOCK : 0) |
              (semaphore != 0 ? EFD_SEMAPHORE : 0);
  return MoveTo(eventfd(0, flags), fd) && (count == 0 || eventfd_write(fd, count) == 0);
}

bool ReplaceEnd(int fresh, int fd) {
  int status = fcntl(fd, F_GETFL);
  return fcntl(fresh, F_SETFL, status) == 0 && dup3(fresh, fd, O_CLOEXEC) >= 0;
}

// All ends of one pipe, duplicates included, become ends of another pipe with the same contents,
// since the parent needs its own: libuv's signal lock is a byte in a pipe (which its fork handler
// has renewed already; renewing it again is simpler than detecting it).
bool ReplacePipe(const std::vector<PipeEnd>& ends, int reader) {
  int fresh[2];
  if (pipe2(fresh, O_CLOEXEC) != 0) return false;
  bool replaced = tee(reader, fresh[1], kPipeBytes, SPLICE_F_NONBLOCK) >= 0 || errno == EAGAIN;
  for (const PipeEnd& end : ends) replaced = replaced && ReplaceEnd(fresh[end.is_writer], end.fd);
  int number = errno;
  close(fresh[0]);
  close(fresh[1]);
  errno = number;
  return replaced;
}

// With both ends of a pipe the process wakes itself; a pipe with a single end here leads to another
// process.
bool ReplaceSelfPipes(const std::vector<PipeEnd>& ends) {
  std::map<std::string, std::vector<PipeEnd>> pipes;
  for (const PipeEnd& end : ends) pipes[end.pipe].push_back(end);
  for (const auto& [name, own] : pipes) {
    auto is_writer = [](const PipeEnd& end) { return end.is_writer; };
    auto reader = std::find_if_not(own.begin(), own.end(), is_writer);
    bool is_self_pipe = reader != own.end() && std::any_of(own.begin(), own.end(), is_writer);
    if (is_self_pipe && !ReplacePipe(own, reader->fd)) return false;
  }
  return true;
}

}  // namespace

Failure OwnDescriptors(const uv_loop_t* loop) {
  Inventory inventory;
  if (!TakeInventory(loop, &inventory)) return {"cannot list its descriptors", errno};
  for (int fd : inventory.eventfds)
    if (!ReplaceEventfd(fd)) return {"cannot make an eventfd of its own", errno};
  if (!ReplaceSelfPipes(inventory.pipe_ends)) return {"cannot make a pipe of its own", errno};
  for (int fd : inventory.epolls)
    if (!MoveTo(epoll_create1(EPOLL_CLOEXEC), fd))
      return {"cannot make an epoll set of its own", errno};
  // A descriptor that is closed or cannot be watched any more was useless in the old set too.
  for (Watched& entry : inventory.watched)
    epoll_ctl(entry.epoll, EPOLL_CTL_ADD, entry.fd, &entry.event);
  return {};
}
