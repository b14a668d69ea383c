// Descriptors: duplicating, replacing in place, locking, closing, and finding a listening socket by
// its port.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arguments.h"
#include "error.h"
#include "exports.h"

namespace {

// The local port of a TCP socket, 0 if it has none or is something else.
int LocalPort(int fd) {
  sockaddr_storage address = {};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  if (address.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  errno = EAFNOSUPPORT;
  return 0;
}

bool IsListening(int fd) {
  int listening = 0;
  socklen_t length = sizeof listening;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening != 0;
}

// -1 with errno ENOENT if no descriptor listens on the port.
int FindListeningOn(int port) {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return -1;
  int found = -1;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    int fd = atoi(entry->d_name);
    if (IsListening(fd) && LocalPort(fd) == port) {
      found = fd;
      break;
    }
  }
  closedir(directory);
  if (found < 0) errno = ENOENT;
  return found;
}

}  // namespace

void BoundPort(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "boundPort");
  int fd = arguments.Descriptor(arguments.At(0), "fd");
  if (!arguments.valid()) return;
  errno = EINVAL;  // For a TCP socket that is not bound to any port.
  int port = LocalPort(fd);
  if (port == 0)
    return ThrowErrno(info.GetIsolate(), errno, "getsockname of descriptor " + std::to_string(fd));
  info.GetReturnValue().Set(port);
}

void FindListener(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "findListener");
  int port = arguments.Integer(arguments.At(0), "port", 1, 65535);
  if (!arguments.valid()) return;
  int fd = FindListeningOn(port);
  if (fd < 0)
    return ThrowErrno(info.GetIsolate(), errno, "find a listener on port " + std::to_string(port));
  info.GetReturnValue().Set(fd);
}

void ReplaceDescriptor(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "replaceDescriptor");
  int fd = arguments.Descriptor(arguments.At(0), "fd");
  int target = arguments.Descriptor(arguments.At(1), "target");
  if (!arguments.valid()) return;
  while (dup3(fd, target, O_CLOEXEC) < 0) {
    if (errno == EINTR || errno == EBUSY) continue;
    return ThrowErrno(info.GetIsolate(), errno,
                      "dup3 " + std::to_string(fd) + " over " + std::to_string(target));
  }
}

void DuplicateDescriptor(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "duplicateDescriptor");
  int fd = arguments.Descriptor(arguments.At(0), "fd");
  if (!arguments.valid()) return;
  int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (duplicate < 0)
    return ThrowErrno(info.GetIsolate(), errno, "dup of descriptor " + std::to_string(fd));
  info.GetReturnValue().Set(duplicate);
}

void CloseDescriptor(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "closeDescriptor");
  int fd = arguments.Descriptor(arguments.At(0), "fd");
  if (!arguments.valid()) return;
  // EINTR means success on Linux: the descriptor is closed, and its number may be in use again.
  if (close(fd) != 0 && errno != EINTR)
    ThrowErrno(info.GetIsolate(), errno, "close descriptor " + std::to_string(fd));
}

void LockDescriptor(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "lockDescriptor");
  int fd = arguments.Descriptor(arguments.At(0), "fd");
  if (!arguments.valid()) return;
  int locked;
  do locked = flock(fd, LOCK_EX | LOCK_NB);
  while (locked != 0 && errno == EINTR);
  if (locked != 0 && errno != EWOULDBLOCK)
    return ThrowErrno(info.GetIsolate(), errno, "lock descriptor " + std::to_string(fd));
  info.GetReturnValue().Set(locked == 0);
}
